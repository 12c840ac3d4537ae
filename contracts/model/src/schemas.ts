import {
  accountId,
  base64,
  hex,
  list,
  optional,
  record,
  type Schema,
  text,
  u32,
  u64,
  u128,
} from '@dcml/contract-build/contract'
import type { Channel } from './channel.ts'
import { LONGEST_APPROVAL, LONGEST_PAYLOAD } from './evidence.ts'
import { LONGEST_REQUEST, LONGEST_RESPONSE } from './por.ts'
import type { Provider } from './provider.ts'

/** 32 bytes in lower-case hex that the contract compares and stores but does not look into. */
export const key: Schema<string> = (() => {
  const bytes = hex(32)
  const check = (value: unknown): string => {
    bytes.parse(value as never)
    return value as string
  }
  return { ...bytes, parse: check, format: check }
})()

export const pricePair = record({ input: u128, output: u128 }, 'PricePair')

export const prices = record({ ownerInput: u128, ownerOutput: u128, hostInput: u128, hostOutput: u128 })

export const provider: Schema<Provider> = record({
  endpoint: text(256),
  prices: pricePair,
  por: optional(accountId),
  free: u128,
  locked: u128,
  sessions: u32,
})

export const channel: Schema<Channel> = record({
  payer: accountId,
  provider: accountId,
  beneficiary: accountId,
  por: optional(accountId),
  payerKey: key,
  sessionKey: key,
  challenge: key,
  seed: key,
  prices,
  keyEpoch: u32,
  deposited: u128,
  openedAt: u64,
  raisedAt: u64,
  expiresAt: u64,
  closing: optional(record({ deadline: u64, fee: u128 })),
})

export const totals = record({ deposited: u128, collateral: u128, owed: u128, fees: u128, storage: u128 }, 'Totals')

export const rules = record({ challengePeriod: u64, expiry: u64, closeFee: u128 })

/** imageH of the workloads that may serve this model. */
export const images = list(key, 16)

export const offer = { endpoint: text(256), prices: pricePair, por_account: optional(accountId) }

export const approval = {
  channel_id: u64,
  challenge: key,
  prompt_tokens: u64,
  completion_tokens: u64,
  spent: u128,
  counter: u64,
  signature: base64(64, 64),
}

/** What a host signed over Proof of Response, and what it was asked, as it travelled. */
export const evidence = {
  request: base64(LONGEST_REQUEST),
  response: base64(LONGEST_RESPONSE),
  payload: base64(LONGEST_PAYLOAD),
  reply: optional(base64(LONGEST_APPROVAL)),
}

/** What a call sent, for the callback that looks whether it arrived. */
export const payouts = { payouts: list(record({ account: accountId, amount: u128 }), 3) }
