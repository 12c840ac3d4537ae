// The state of an enclave's channels as it is written, in borsh: one spelling, so that its digest names it.
import {
  bytes,
  bytes32,
  type Chain,
  decode,
  domainLayout,
  encode,
  equalBytes,
  type Infer,
  list,
  struct,
  u64,
} from '@dcml/protocol'
import { refusal } from '../refuse.ts'
import type { Meter } from './meter.ts'
import { type ApprovalFacts, decodeMeter, encodeMeter, endedLayout } from './records.ts'

const TAG = 'dcml/channels'
const VERSION = 1
/** An image of this many channels is 23 MB: far beyond what one machine serves. */
export const MAX_CHANNELS = 100_000

const changed = {
  counter: u64,
  sequence: u64,
  meters: list(bytes(1024), MAX_CHANNELS),
  ended: list(endedLayout, MAX_CHANNELS),
}
const imageLayout = struct({
  /** The subject is the session key: approvals of another key are worthless to these channels. */
  domain: domainLayout,
  modelH: bytes32,
  ...changed,
})
const changeLayout = struct({ ...changed, forgotten: list(u64, MAX_CHANNELS) })

/** Whose channels these are. */
export interface EnclaveIdentity {
  /** Network of the light client's trust root, and the contract of the measured image. */
  readonly chain: Chain
  readonly sessionKey: Uint8Array
  readonly modelH: Uint8Array
  /**
   * Account that its channels pay and whose lock they take: any provider may admit any session key on chain. It is not
   * part of the state, so that a host may move to another account.
   */
  readonly host: string
}

/** All channels, or those that changed. */
export interface LedgerState {
  readonly counter: bigint
  /** Receipts signed so far. */
  readonly sequence: bigint
  readonly meters: readonly Meter[]
  /** Channels that take no more requests, as their approvals say it; kept until the chain has closed them. */
  readonly ended: readonly ApprovalFacts[]
}

/** What became of some channels since the image or change before. */
export interface LedgerChange extends LedgerState {
  readonly forgotten: readonly bigint[]
}

export function encodeImage({ chain, sessionKey, modelH }: EnclaveIdentity, state: LedgerState): Uint8Array {
  const domain = { tag: TAG, version: VERSION, ...chain, subject: sessionKey }
  return encode(imageLayout, { domain, modelH, ...written(state) })
}

export const encodeChange = (change: LedgerChange): Uint8Array =>
  encode(changeLayout, { ...written(change), forgotten: [...change.forgotten] })

/** @throws DcmlError `channel_state_foreign` for the image of another enclave, contract, model or format */
export function decodeImage(identity: EnclaveIdentity, input: Uint8Array): LedgerState {
  return reading(() => {
    const { domain, modelH, ...state } = decode(imageLayout, input)
    if (!isOwn(identity, domain, modelH)) throw foreign()
    return { ...state, meters: state.meters.map((record) => decodeMeter(identity, record)) }
  })
}

/** Reads a change after an image of the same identity. @throws DcmlError `channel_state_foreign` for another format */
export function decodeChange(identity: EnclaveIdentity, input: Uint8Array): LedgerChange {
  return reading(() => {
    const change = decode(changeLayout, input)
    return { ...change, meters: change.meters.map((record) => decodeMeter(identity, record)) }
  })
}

const written = ({ counter, sequence, meters, ended }: LedgerState) => ({
  counter,
  sequence,
  meters: meters.map(encodeMeter),
  ended: [...ended],
})

const isOwn = (
  { chain, sessionKey, modelH }: EnclaveIdentity,
  domain: Infer<typeof domainLayout>,
  model: Uint8Array,
): boolean =>
  domain.tag === TAG &&
  domain.version === VERSION &&
  domain.networkId === chain.networkId &&
  domain.contract === chain.contract &&
  equalBytes(domain.subject, sessionKey) &&
  equalBytes(model, modelH)

function reading<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw foreign(cause)
  }
}

const foreign = (cause?: unknown) =>
  refusal(
    'channel_state_foreign',
    'The state is not of this enclave, contract, model and format.',
    'Start with the session key, contract and model that the state was written under.',
    {},
    { cause },
  )
