// What the contract said, read from its events with one schema each. A proven event (light client) is a fact; an event
// from RPC is a rumour. Both have the same shape, so who calls decides what it may be used for.
import type { ProvenEvent, ProvenLog } from '@dcml/light-client'
import { type Chain, fromHex, type Prices } from '@dcml/protocol'
import * as v from 'valibot'
import { refusal } from './refuse.ts'

/** NEP-297 standard of a model contract's events. */
export const STANDARD = 'dcml_model'
const MAJOR = '1.'

/** Everything of a channel that never changes after its opening (paper §6). */
export interface ChannelTerms {
  readonly chain: Chain
  /** From 1: receipts write 0 where there is no channel. */
  readonly channelId: bigint
  /** Account that deposited. */
  readonly payer: string
  /** Account that locked the same amount (`provider` in the contract). */
  readonly host: string
  /** 32 bytes born in the enclave. */
  readonly challenge: Uint8Array
  /** Ed25519 key that signs approvals and receipts. */
  readonly sessionKey: Uint8Array
  /** Ed25519 key that signs vouchers. */
  readonly payerKey: Uint8Array
  readonly prices: Prices
  readonly modelH: Uint8Array
  readonly keyEpoch: bigint
  /** Nanoseconds since 1970; afterwards anyone may start closing. */
  readonly expiresAt: bigint
}

/** `channel_opened`: the terms and the first deposit; `channel_told`: the terms and what is deposited by then. */
export interface Opened {
  readonly terms: ChannelTerms
  /** yoctoNEAR. */
  readonly deposited: bigint
}

/** `channel_topped_up`: what is deposited in all. */
export interface ToppedUp {
  readonly channelId: bigint
  readonly deposited: bigint
}

/** `close_started`: an approval counts until the deadline. Says enough to know a channel again that was never taken up. */
export interface CloseStarted {
  readonly channelId: bigint
  readonly host: string
  readonly challenge: Uint8Array
  readonly sessionKey: Uint8Array
  /** Nanoseconds since 1970; from then on no answer is taken. */
  readonly deadline: bigint
}

/** `channel_closed` or `channel_forfeited`: the last event of a channel. Amounts in yoctoNEAR. */
export interface Closed {
  readonly channelId: bigint
  /** What the deposit paid to owner and host; 0 where the host forfeited its lock. */
  readonly settled: bigint
  /** The rest, with the storage fee, and the closing fee where the host forfeited. */
  readonly toPayer: bigint
  /** True where no approval came in time: the payer has everything back and the lock went to the owner. */
  readonly forfeited: boolean
}

/** The part of a proven event and of an event from RPC that facts are read from. */
export interface ContractEvent {
  readonly contractId: string
  readonly standard: string
  readonly version: string
  readonly event: string
  readonly data: unknown
}

/**
 * What the light client proved, by `verifyEvent` or `verifyLog`. The events of channels say all there is to know, so it
 * does not matter who made the call, nor how: a payer who could choose a call that nobody can prove would take the lock.
 */
export type ProvenFact = ProvenEvent | ProvenLog

/** The same for the readers below. */
export const factOf = (proven: ProvenFact): ContractEvent => ({
  contractId: 'call' in proven ? proven.call.contractId : proven.contractId,
  ...proven.event,
})

const integer = (bits: bigint) =>
  v.pipe(
    v.string(),
    v.regex(/^(0|[1-9]\d{0,38})$/),
    v.transform((text) => BigInt(text)),
    v.check((value) => value < 1n << bits, `must be below 2^${bits}`),
  )
const [u64, u128] = [integer(64n), integer(128n)]
const bytes32 = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{64}$/),
  v.transform((text) => fromHex(text, 32)),
)
const account = v.pipe(v.string(), v.regex(/^[a-z0-9._-]{2,64}$/))
const channelId = v.pipe(
  u64,
  v.check((id) => id > 0n, 'must be above 0'),
)
const opened = v.object({
  channel_id: channelId,
  payer: account,
  provider: account,
  challenge: bytes32,
  session_key: bytes32,
  payer_key: bytes32,
  deposited: u128,
  prices: v.object({ owner_input: u128, owner_output: u128, host_input: u128, host_output: u128 }),
  model_h: bytes32,
  key_epoch: u64,
  expires_at: u64,
})
const toppedUp = v.object({ channel_id: channelId, deposited: u128 })
const closeStarted = v.object({
  channel_id: channelId,
  provider: account,
  challenge: bytes32,
  session_key: bytes32,
  deadline: u64,
})
const closed = v.object({ channel_id: channelId, spent: u128, to_payer: u128 })
const forfeited = v.object({ channel_id: channelId, to_payer: u128 })

/** The names of the events that channels live by. */
export const EVENTS = {
  opened: 'channel_opened',
  told: 'channel_told',
  toppedUp: 'channel_topped_up',
  closeStarted: 'close_started',
  closed: 'channel_closed',
  forfeited: 'channel_forfeited',
} as const

function read<T>(schema: v.GenericSchema<unknown, T>, event: ContractEvent, name: string, contract: string): T {
  const wanted = `${contract} ${STANDARD} ${name}`
  const given = `${event.contractId} ${event.standard} ${event.event}`
  if (given !== wanted || !event.version.startsWith(MAJOR))
    throw refusal(
      'channel_event_foreign',
      `Expected ${wanted} ${MAJOR}x, got ${given} ${event.version}.`,
      'Bring the event that was asked for.',
    )
  const parsed = v.safeParse(schema, event.data)
  if (parsed.success) return parsed.output
  const { path, message } = parsed.issues[0]
  throw refusal(
    'channel_event_invalid',
    `The event ${name} cannot be read: ${path?.map(({ key }) => key).join('.') ?? 'its data'}: ${message}.`,
    'The contract is not the one this version knows.',
  )
}

/** @throws DcmlError `channel_event_foreign`, `channel_event_invalid` */
export const readOpened = (event: ContractEvent, chain: Chain): Opened => readTerms(event, chain, EVENTS.opened)

/**
 * Reads an opening, or the same told again at any later time: both say whose a channel is. Serve only what
 * {@link readOpened} reads, for one that is told is never too old, and may be closing.
 * @throws DcmlError `channel_event_foreign`, `channel_event_invalid`
 */
export const readOpenedOrTold = (event: ContractEvent, chain: Chain): Opened =>
  readTerms(event, chain, event.event === EVENTS.told ? EVENTS.told : EVENTS.opened)

function readTerms(event: ContractEvent, chain: Chain, name: string): Opened {
  const data = read(opened, event, name, chain.contract)
  const { owner_input, owner_output, host_input, host_output } = data.prices
  return {
    deposited: data.deposited,
    terms: {
      chain,
      channelId: data.channel_id,
      payer: data.payer,
      host: data.provider,
      challenge: data.challenge,
      sessionKey: data.session_key,
      payerKey: data.payer_key,
      prices: { ownerInput: owner_input, ownerOutput: owner_output, hostInput: host_input, hostOutput: host_output },
      modelH: data.model_h,
      keyEpoch: data.key_epoch,
      expiresAt: data.expires_at,
    },
  }
}

/** @throws DcmlError `channel_event_foreign`, `channel_event_invalid` */
export function readToppedUp(event: ContractEvent, { contract }: Chain): ToppedUp {
  const { channel_id, deposited } = read(toppedUp, event, EVENTS.toppedUp, contract)
  return { channelId: channel_id, deposited }
}

/** @throws DcmlError `channel_event_foreign`, `channel_event_invalid` */
export function readCloseStarted(event: ContractEvent, { contract }: Chain): CloseStarted {
  const data = read(closeStarted, event, EVENTS.closeStarted, contract)
  return {
    channelId: data.channel_id,
    host: data.provider,
    challenge: data.challenge,
    sessionKey: data.session_key,
    deadline: data.deadline,
  }
}

/** @throws DcmlError `channel_event_foreign`, `channel_event_invalid` */
export function readClosed(event: ContractEvent, { contract }: Chain): Closed {
  if (event.event === EVENTS.forfeited) {
    const { channel_id, to_payer } = read(forfeited, event, EVENTS.forfeited, contract)
    return { channelId: channel_id, settled: 0n, toPayer: to_payer, forfeited: true }
  }
  const { channel_id, spent, to_payer } = read(closed, event, EVENTS.closed, contract)
  return { channelId: channel_id, settled: spent, toPayer: to_payer, forfeited: false }
}
