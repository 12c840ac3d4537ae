import type { ProvenEvent } from '@dcml/light-client'
import { toHex } from '@dcml/protocol'
import type { Channel } from '../../contracts/model/src/channel.ts'
import { bytesOf } from './keys.ts'

export const CHAIN = { networkId: 'devnet', contract: 'model.test' }
export const MODEL_H: string = toHex(bytesOf('model'))

/** What the light client would return for an event of the contract. @param index of the event among all */
export const proven = (
  event: string,
  data: object,
  { index = 0, height = 1, timestamp = 1n }: { index?: number; height?: number; timestamp?: bigint } = {},
): ProvenEvent => ({
  event: { standard: 'dcml_model', version: '1.0.0', event, data },
  call: {
    signerId: 'anyone.test',
    relayerId: null,
    contractId: CHAIN.contract,
    methodName: 'any',
    args: new Uint8Array(),
    gas: 0n,
    deposit: 0n,
  },
  transactionHash: `t${index}`,
  receiptId: `r${index}`,
  block: { hash: `b${height}`, height, timestamp },
})

/** Data of `channel_opened`. */
export const openedData = (id: bigint, channel: Channel) => ({
  channel_id: `${id}`,
  payer: channel.payer,
  provider: channel.provider,
  challenge: channel.challenge,
  session_key: channel.sessionKey,
  payer_key: channel.payerKey,
  deposited: `${channel.deposited}`,
  prices: {
    owner_input: `${channel.prices.ownerInput}`,
    owner_output: `${channel.prices.ownerOutput}`,
    host_input: `${channel.prices.hostInput}`,
    host_output: `${channel.prices.hostOutput}`,
  },
  model_h: MODEL_H,
  key_epoch: `${channel.keyEpoch}`,
  expires_at: `${channel.expiresAt}`,
})

/** Data of `close_started`. */
export const startedData = (id: bigint, channel: Channel) => ({
  channel_id: `${id}`,
  payer: channel.payer,
  provider: channel.provider,
  challenge: channel.challenge,
  session_key: channel.sessionKey,
  deadline: `${channel.closing?.deadline}`,
  fee: `${channel.closing?.fee}`,
})
