// What is kept of one channel, in borsh.
import { type Approval, bytes32, decode, encode, struct, text, u64, u128 } from '@dcml/protocol'
import { type Meter, recover } from './meter.ts'
import type { EnclaveIdentity } from './state.ts'

/** What an approval says beside its domain: sign it with `signApproval`. */
export type ApprovalFacts = Omit<Approval, 'domain'>

const tokens = struct({ promptTokens: u64, completionTokens: u64 })
const meterLayout = struct({
  channelId: u64,
  payer: text(64),
  host: text(64),
  challenge: bytes32,
  payerKey: bytes32,
  prices: struct({ ownerInput: u128, ownerOutput: u128, hostInput: u128, hostOutput: u128 }),
  keyEpoch: u64,
  expiresAt: u64,
  deposited: u128,
  authorised: u128,
  delivered: tokens,
})
/** A channel that takes no more requests, as its approval says it. */
export const endedLayout = struct({
  channelId: u64,
  challenge: bytes32,
  promptTokens: u64,
  completionTokens: u64,
  spent: u128,
  counter: u64,
})
/** A meter is a value, so its bytes are made once. */
const encoded = new WeakMap<Meter, Uint8Array>()

export function encodeMeter(meter: Meter): Uint8Array {
  const known = encoded.get(meter)
  if (known !== undefined) return known
  // what is reserved is written as delivered: the state says what is owed if this was the last anyone heard
  const { terms, deposited, authorised, delivered } = recover(meter)
  const written = encode(meterLayout, { ...terms, deposited, authorised, delivered })
  encoded.set(meter, written)
  return written
}

/** @throws DcmlError `borsh_invalid` */
export function decodeMeter({ chain, sessionKey, modelH }: EnclaveIdentity, record: Uint8Array): Meter {
  const { deposited, authorised, delivered, ...terms } = decode(meterLayout, record)
  return {
    terms: { ...terms, chain, sessionKey, modelH },
    deposited,
    authorised,
    delivered,
    reservations: new Map(),
    holds: new Map(),
  }
}
