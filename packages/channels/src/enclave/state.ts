// The sealed state of an enclave's channels, in borsh: one spelling, so that its digest names it.
import {
  type Approval,
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
  text,
  u64,
  u128,
} from '@dcml/protocol'
import { refusal } from '../refuse.ts'
import { type Meter, recover } from './meter.ts'

const TAG = 'dcml/channels'
const VERSION = 1
/** A state of this many channels is 23 MB: far beyond what one machine serves. */
const MAX_CHANNELS = 100_000

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
const endedLayout = struct({
  channelId: u64,
  challenge: bytes32,
  promptTokens: u64,
  completionTokens: u64,
  spent: u128,
  counter: u64,
})
const stateLayout = struct({
  /** The subject is the session key: approvals of another key are worthless to these channels. */
  domain: domainLayout,
  modelH: bytes32,
  counter: u64,
  sequence: u64,
  meters: list(bytes(1024), MAX_CHANNELS),
  ended: list(endedLayout, MAX_CHANNELS),
})

/** Whose channels these are. */
export interface EnclaveIdentity {
  /** Network of the light client's trust root, and the contract of the measured image. */
  readonly chain: Chain
  readonly sessionKey: Uint8Array
  readonly modelH: Uint8Array
}

export interface LedgerState {
  readonly counter: bigint
  /** Receipts signed so far. */
  readonly sequence: bigint
  readonly meters: Iterable<Meter>
  /** Channels that take no more requests, as their approvals say it; kept until the chain has closed them. */
  readonly ended: Iterable<ApprovalFacts>
}

/** A meter is a value, so its bytes are made once. */
const encoded = new WeakMap<Meter, Uint8Array>()

function encodeMeter(meter: Meter): Uint8Array {
  const known = encoded.get(meter)
  if (known !== undefined) return known
  // what is reserved is written as delivered: the state says what is owed if this was the last anyone heard
  const { terms, deposited, authorised, delivered } = recover(meter)
  const written = encode(meterLayout, { ...terms, deposited, authorised, delivered })
  encoded.set(meter, written)
  return written
}

export function encodeState({ chain, sessionKey, modelH }: EnclaveIdentity, state: LedgerState): Uint8Array {
  return encode(stateLayout, {
    domain: { tag: TAG, version: VERSION, ...chain, subject: sessionKey },
    modelH,
    counter: state.counter,
    sequence: state.sequence,
    meters: Array.from(state.meters, encodeMeter),
    ended: [...state.ended],
  })
}

/** @throws DcmlError `channel_state_foreign` for the state of another enclave, contract, model or format */
export function decodeState({ chain, sessionKey, modelH }: EnclaveIdentity, input: Uint8Array): LedgerState {
  let state: Infer<typeof stateLayout>
  try {
    state = decode(stateLayout, input)
  } catch (cause) {
    throw foreign(cause)
  }
  const { domain } = state
  const own =
    domain.tag === TAG &&
    domain.version === VERSION &&
    domain.networkId === chain.networkId &&
    domain.contract === chain.contract &&
    equalBytes(domain.subject, sessionKey) &&
    equalBytes(state.modelH, modelH)
  if (!own) throw foreign()
  const meters = state.meters.map((record): Meter => {
    const { deposited, authorised, delivered, ...terms } = decode(meterLayout, record)
    return {
      terms: { ...terms, chain, sessionKey, modelH },
      deposited,
      authorised,
      delivered,
      reservations: new Map(),
      holds: new Map(),
    }
  })
  return { counter: state.counter, sequence: state.sequence, meters, ended: state.ended }
}

const foreign = (cause?: unknown) =>
  refusal(
    'channel_state_foreign',
    'The state is not of this enclave, contract, model and format.',
    'Start with the session key, contract and model that the state was written under.',
    {},
    { cause },
  )
