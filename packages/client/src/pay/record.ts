// What is kept of a channel, from before any money moves until it is settled: enough to go on from wherever a crash left.
import {
  type Bundle,
  exportPayer,
  importPayer,
  type OpeningWanted,
  openPayer,
  type Payer,
  type PayerPolicy,
  readWire,
  wire,
} from '@dcml/channels'
import { DcmlError, fromBase64url, fromHex, toBase64url, toHex } from '@dcml/protocol'
import * as v from 'valibot'

const ACTS = [
  'open',
  'top-up',
  'close',
  'start-close',
  'finish-close',
  'close-disconnected',
  'close-invalid-response',
] as const

/** The calls of the contract that a payer makes. */
export type Act = (typeof ACTS)[number]

/** A deposit that happened and that the enclave has not been shown yet. */
export interface Unproven {
  readonly act: 'open' | 'top-up'
  readonly transaction: Uint8Array
  /** yoctoNEAR that the enclave knows of without it: no voucher goes beyond. */
  readonly known: bigint
  /** Proof made beforehand, for an enclave that nobody can reach who can reach the chain. */
  readonly bundle: Bundle | null
}

/** Everything kept of one channel but its key. */
export interface ChannelRecord {
  /** What was asked for; the channel itself, once it is open, says the same or less. */
  readonly wanted: OpeningWanted
  readonly policy: PayerPolicy
  /** Null until the contract has opened the channel. */
  readonly payer: Payer | null
  /** A call that was signed, and whose outcome was not noted yet. */
  readonly call: { readonly act: Act; readonly transaction: Uint8Array } | null
  readonly unproven: readonly Unproven[]
  /** Where an unreachable enclave's light client stood, as text; null where it is asked. */
  readonly lightClient: string | null
  /** The channel has ended on chain without this payer's doing. */
  readonly gone: boolean
}

/** What the enclave knows to be deposited, in yoctoNEAR. */
export const knownDeposit = ({ payer, unproven }: ChannelRecord): bigint =>
  // the oldest deposit that is unknown comes first
  unproven[0]?.known ?? payer?.deposited ?? 0n

const FORMAT = 'dcml/channel'

const amount = v.pipe(
  v.string(),
  v.regex(/^(0|[1-9]\d{0,38})$/),
  v.transform((text) => BigInt(text)),
)
const bytes32 = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{64}$/),
  v.transform((text) => fromHex(text, 32)),
)
const transaction = v.pipe(
  v.string(),
  v.regex(/^[\w-]+$/),
  v.transform((text) => fromBase64url(text)),
)
const schema = v.strictObject({
  format: v.literal(FORMAT),
  version: v.literal(1),
  wanted: v.strictObject({
    chain: v.strictObject({ networkId: v.string(), contract: v.string() }),
    payer: v.string(),
    host: v.string(),
    challenge: bytes32,
    sessionKey: bytes32,
    payerKey: bytes32,
    modelH: bytes32,
    maxPrices: v.strictObject({ ownerInput: amount, ownerOutput: amount, hostInput: amount, hostOutput: amount }),
    deposit: amount,
  }),
  policy: v.strictObject({ perRequestLimit: amount, step: amount }),
  payer: v.nullable(v.looseObject({})),
  call: v.nullable(v.strictObject({ act: v.picklist(ACTS), transaction })),
  unproven: v.array(
    v.strictObject({
      act: v.picklist(['open', 'top-up']),
      transaction,
      known: amount,
      bundle: v.nullable(v.looseObject({})),
    }),
  ),
  lightClient: v.nullable(v.string()),
  gone: v.boolean(),
})

/** A record as JSON: amounts in decimal yoctoNEAR, hashes and keys in hex, transactions in base64url. No key. */
export function formatRecord({ payer, call, unproven, ...rest }: ChannelRecord): string {
  const plain = (_: string, value: unknown): unknown =>
    typeof value === 'bigint' ? value.toString() : value instanceof Uint8Array ? toHex(value) : value
  return JSON.stringify(
    {
      format: FORMAT,
      version: 1,
      ...rest,
      payer: payer && JSON.parse(exportPayer(payer)),
      call: call && { ...call, transaction: toBase64url(call.transaction) },
      unproven: unproven.map((item) => ({ ...item, transaction: toBase64url(item.transaction) })),
    },
    plain,
  )
}

/** Reads what {@link formatRecord} wrote. @throws DcmlError `channel_file_invalid` */
export function parseRecord(text: string): ChannelRecord {
  try {
    const { format: _format, version: _version, payer, unproven, ...rest } = v.parse(schema, JSON.parse(text))
    const opened = payer && importPayer(JSON.stringify(payer))
    // what was opened must be what was asked for, in a file that was edited too
    if (opened !== null) openPayer(opened, rest.wanted, rest.policy)
    return {
      ...rest,
      payer: opened,
      unproven: unproven.map((item) => ({ ...item, bundle: item.bundle && readWire(wire.bundle, item.bundle) })),
    }
  } catch (cause) {
    throw new DcmlError('channel_file_invalid', 'The channel’s state cannot be read.', {
      hint: 'Give a file that a channel was kept in or exported to.',
      cause,
    })
  }
}
