import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import { MAX_REQUEST, MAX_RESPONSE } from '../wire/messages.ts'

/** How to ask. Amounts in yoctoNEAR, durations in whole ms. */
export interface RequestOptions {
  /** Which application of the target answers, such as `dcml/ping`. */
  readonly app: string
  /** Most to spend on fees: for {@link request} on its one try, for {@link isolate} on all tries together. */
  readonly maxCost: bigint
  /** Longest to wait before waiting is paid for: bounds 2·ΣL + `service` (§5). */
  readonly budget: number
  /** H: longest to wait after that, being paid, until there must be a response or a broken edge. Default 30,000. */
  readonly hold?: number
  /**
   * ρ, per ms that the response is late. Default: what the path costs, per second, as far as the ranges of its edges
   * allow.
   */
  readonly lateRate?: bigint
  /**
   * S: what the target may take for the answer itself. Default 50: with none (§5 of the paper), every recipient is late by
   * the milliseconds that it takes to look at the request, and each hop settles them with a voucher of its own.
   */
  readonly service?: number
  /** Longest response in bytes; paid for whether used or not. Default 4,096. */
  readonly maxResponse?: number
  /** Told of every payment for waiting, as it comes in. */
  readonly onLate?: (amount: bigint) => void
  /** Ends the waiting; what was sent is paid for, and its outcome lost to the caller. */
  readonly signal?: AbortSignal
  /** Edges not to use. */
  readonly avoid?: ReadonlySet<bigint>
}

const amount = v.pipe(v.bigint(), v.minValue(0n), v.maxValue(2n ** 128n - 1n))
const ms = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most))
const TEN_MINUTES = 600_000
/** More than a ping takes on a busy machine, and little beside the latency of edges. */
const SERVICE = 50

const schema = v.object({
  app: v.pipe(v.string(), v.minBytes(1), v.maxBytes(32)),
  maxCost: amount,
  budget: ms(TEN_MINUTES),
  hold: v.optional(ms(TEN_MINUTES), 30_000),
  lateRate: v.optional(amount),
  service: v.optional(ms(TEN_MINUTES), SERVICE),
  maxResponse: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_RESPONSE)), 4096),
  avoid: v.optional(
    v.custom<ReadonlySet<bigint>>((value) => value instanceof Set),
    () => new Set<bigint>(),
  ),
})

/** Options with every default filled in, and the payload that they are about. */
export type Wanted = v.InferOutput<typeof schema> & { readonly payload: Uint8Array }

/** @throws DcmlError `por_options` for options out of range and for a payload that is too long */
export function readOptions(options: RequestOptions, payload: Uint8Array): Wanted {
  const parsed = v.safeParse(schema, options, { abortEarly: true })
  if (!parsed.success) {
    const issue = parsed.issues[0]
    throw invalid(`${v.getDotPath(issue) ?? 'They'}: ${issue.message.slice(0, 120)}`)
  }
  if (payload.length > MAX_REQUEST) throw invalid(`The payload of ${payload.length} bytes exceeds ${MAX_REQUEST}`)
  return { ...parsed.output, payload }
}

const invalid = (why: string): DcmlError =>
  new DcmlError('por_options', `This cannot be asked: ${why}.`, {
    hint: 'Amounts are bigints in yoctoNEAR, durations whole milliseconds up to ten minutes.',
  })
