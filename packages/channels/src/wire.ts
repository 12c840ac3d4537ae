// What payer, host and watcher say to the enclave and hear from it (paper §6), as JSON: money and u64 as decimal text,
// bytes as lower-case hex, signed objects in their own text form.
import { fromHex, toHex } from '@dcml/protocol'
import * as v from 'valibot'
import type { Demand } from './enclave/meter.ts'
import { refusal } from './refuse.ts'

/** Calls about payment on the attested port. */
export const PAYMENT_CALLS = {
  lightClient: '/dcml/v1/light-client',
  getChallenge: '/dcml/v1/get-challenge',
  establish: '/dcml/v1/establish-payment-channel',
  topUp: '/dcml/v1/top-up-payment-channel',
  acceptVoucher: '/dcml/v1/accept-voucher',
  requestClosure: '/dcml/v1/request-channel-closure',
  answerClosure: '/dcml/v1/answer-closure',
  forget: '/dcml/v1/forget-channel',
} as const

/** Header of a paid request: the payer's best voucher, in its text form. */
export const VOUCHER_HEADER = 'dcml-voucher'

/**
 * Header of a paid request: what it may cost in all, in yoctoNEAR, until `accept-voucher` says more. Without it, whatever
 * the channel's vouchers allow.
 */
export const ALLOWANCE_HEADER = 'dcml-allowance'

/** Largest bundle an enclave reads, in bytes, and most blocks in one. A longer way is gone in several calls. */
export const MAX_BUNDLE_BYTES = 1_572_864
export const MAX_BUNDLE_BLOCKS = 128

const integer = (bits: bigint, most: string) =>
  v.pipe(
    v.string(),
    v.regex(/^(0|[1-9]\d{0,38})$/, 'not a decimal integer'),
    v.transform((text) => BigInt(text)),
    v.check((value) => value < 1n << bits, `above ${most}`),
  )
const [u64, u128] = [integer(64n, 'u64'), integer(128n, 'u128')]
const bytes32 = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{64}$/, 'not 32 bytes in hex'),
  v.transform((text) => fromHex(text, 32)),
)
const signed = v.pipe(v.string(), v.minLength(1), v.maxLength(2048), v.regex(/^[\w-]+$/, 'not base64url'))
const hash = v.pipe(v.string(), v.regex(/^[1-9A-HJ-NP-Za-km-z]{32,44}$/, 'not base58 of 32 bytes'))
const requestId = v.pipe(v.string(), v.minLength(1), v.maxLength(64))
const blocks = v.pipe(v.array(v.unknown()), v.maxLength(MAX_BUNDLE_BLOCKS))

/** Far beyond a call of the contract. What is longer has thousands of keys to read, and a receipt that proves as much. */
const transaction = v.pipe(v.string(), v.maxLength(32_768))

const bundle = v.object({
  from: hash,
  blocks,
  proof: v.union([
    v.object({ transaction, outcomes: v.pipe(v.array(v.unknown()), v.maxLength(16)) }),
    v.object({ receipt: v.record(v.string(), v.unknown()), log: v.number() }),
  ]),
})
const amounts = v.object({ channelId: u64, deposited: u128, authorised: u128, spent: u128 })

interface FlatDemand extends Omit<Demand, 'request'> {
  readonly requestId?: string | undefined
  readonly requestSpent?: bigint | undefined
  readonly requestRequired?: bigint | undefined
  readonly requestAllowed?: bigint | undefined
}

/** On the wire it is one level deep, as the details of an error are. */
function readDemand(flat: FlatDemand): Demand {
  const { requestId: id, requestSpent: spent, requestRequired: required, requestAllowed: allowed, ...demand } = flat
  if (id === undefined || spent === undefined || required === undefined || allowed === undefined) return demand
  return { ...demand, request: { id, spent, required, allowed } }
}

function flatDemand({ request, ...demand }: Demand): FlatDemand {
  if (request === undefined) return demand
  const { id, spent, required, allowed } = request
  return { ...demand, requestId: id, requestSpent: spent, requestRequired: required, requestAllowed: allowed }
}

/** The schema of every message. Members they do not name are ignored. */
export const wire = {
  /** A proof of one event, for a light client that stands at block `from` or has stood there. */
  bundle,
  /** Blocks alone, where the way to the proof is too long for one bundle. */
  blocks: v.object({ from: hash, blocks }),
  /** Where the enclave's light client stands: text for `parseTrustRoot`. */
  lightClient: v.object({ state: v.pipe(v.string(), v.maxLength(1_048_576)) }),
  /** `get_challenge`: what an opening has to name, and until when (ms) its proof is awaited. */
  challenge: v.object({
    challenge: bytes32,
    sessionKey: bytes32,
    validUntil: v.pipe(v.number(), v.safeInteger()),
    networkId: v.string(),
    contract: v.string(),
    modelH: bytes32,
    keyEpoch: u64,
  }),
  /** Where a channel stands inside the enclave. */
  amounts,
  demand: v.pipe(
    v.object({
      ...amounts.entries,
      reserved: u128,
      required: u128,
      exhausted: v.boolean(),
      requestId: v.optional(requestId),
      requestSpent: v.optional(u128),
      requestRequired: v.optional(u128),
      requestAllowed: v.optional(u128),
    }),
    v.transform(readDemand),
  ),
  /** A voucher; with a request's name, also what that one may cost in all from now on. */
  voucher: v.object({ voucher: signed, requestId: v.optional(requestId), allowed: v.optional(u128) }),
  /** Value of {@link ALLOWANCE_HEADER}. */
  allowance: u128,
  /** `request_channel_closure` by the payer; with the opening, for a channel that was never taken up. */
  closure: v.object({ request: signed, opening: v.optional(bundle) }),
  /** The same by the host, on its own port. */
  hostClosure: v.object({ channelId: u64 }),
  approval: v.object({ approval: signed }),
} as const

/**
 * One event on chain, proven: `from` is the head the blocks start at; the rest as `fetchProof` of `@dcml/near` has it for
 * a call of one's own, or `fetchLogProof` for what anybody's call logged, in whatever shape it was sent.
 */
export type Bundle = v.InferOutput<typeof bundle>
/** Light client blocks from a head on. */
export type BlockBundle = v.InferOutput<typeof wire.blocks>
/** Answer of `get_challenge`. */
export type ChallengeAnswer = v.InferOutput<typeof wire.challenge>
/** The three amounts that an enclave knows of a channel, in yoctoNEAR. */
export type ChannelAmounts = v.InferOutput<typeof amounts>
/** Body of `accept_voucher`. */
export type VoucherMessage = v.InferOutput<typeof wire.voucher>
/** Body of `request_channel_closure`. */
export type ClosureQuestion = v.InferOutput<typeof wire.closure>
/** Its answer, and that of `answer_closure`: text for `parseApproval`. */
export type ApprovalAnswer = v.InferOutput<typeof wire.approval>

/** Reads a message by one schema of {@link wire}. @throws DcmlError `wire_invalid`, naming the first wrong member */
export function readWire<S extends v.GenericSchema>(schema: S, json: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, json, { abortEarly: true, abortPipeEarly: true })
  if (parsed.success) return parsed.output
  const issue = parsed.issues[0]
  throw refusal(
    'wire_invalid',
    `The message cannot be read: ${v.getDotPath(issue) ?? 'its form'}: ${issue.message.slice(0, 120)}.`,
    'Both sides must speak the same version.',
  )
}

/** Writes a message: the JSON text that {@link readWire} takes once parsed. */
export const formatWire = (
  message:
    | Bundle
    | BlockBundle
    | ChallengeAnswer
    | ChannelAmounts
    | Demand
    | VoucherMessage
    | ClosureQuestion
    | ApprovalAnswer,
): string => JSON.stringify('required' in message ? flatDemand(message) : message, plain)

// an RPC answer read without rounding holds bigints too; the light client takes integers as decimal text
const plain = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value instanceof Uint8Array ? toHex(value) : value

/**
 * The first blocks of a bundle that an enclave does not read at once; undefined for one that it does. Bring them alone
 * (`PAYMENT_CALLS.lightClient`), and make the proof anew from where its light client stands then.
 */
export function firstLeg({ from, blocks, proof }: Bundle): BlockBundle | undefined {
  const sizeOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value, plain)).length
  let size = sizeOf({ from, proof, blocks: [] })
  const fitting = blocks.findIndex((block, i) => {
    size += sizeOf(block) + 1
    return i === MAX_BUNDLE_BLOCKS || size > MAX_BUNDLE_BYTES
  })
  return fitting === -1 ? undefined : { from, blocks: blocks.slice(0, Math.max(1, fitting)) }
}

/** A demand as the `details` of a 402. */
export const demandDetails = (demand: Demand): Record<string, string | boolean> => JSON.parse(formatWire(demand))

const COMMENT = ': dcml-payment '

/** A pause in a stream: a comment line of SSE, which clients that do not pay skip, and which no receipt covers. */
export const demandComment = (demand: Demand): string => `${COMMENT}${formatWire(demand)}\n\n`

/**
 * Reads one line of a stream. @returns undefined for any other line
 * @throws DcmlError `wire_invalid` for a demand that cannot be read
 */
export function readDemandComment(line: string): Demand | undefined {
  if (!line.startsWith(COMMENT)) return undefined
  let json: unknown
  try {
    json = JSON.parse(line.slice(COMMENT.length))
  } catch {
    json = undefined
  }
  return readWire(wire.demand, json)
}
