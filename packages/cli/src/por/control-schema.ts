// What a running node is asked over the socket in its store, and what it says. Money and ids as decimal strings, bytes
// as base64url, signed objects as their borsh bytes.
import { fromBase64url } from '@dcml/protocol'
import { decodeSigned, porRequest, porResponse } from '@dcml/protocol/por'
import * as v from 'valibot'

const amount = v.pipe(
  v.string(),
  v.regex(/^\d{1,39}$/),
  v.transform((text) => BigInt(text)),
)
const bytes = v.pipe(
  v.string(),
  v.transform((text) => fromBase64url(text)),
)
const ms = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(86_400_000))

/** A question for a node to put to another. */
export const asking = v.strictObject({
  target: v.string(),
  app: v.string(),
  payload: bytes,
  maxCost: amount,
  budget: ms,
  hold: v.exactOptional(ms),
  lateRate: v.exactOptional(amount),
  service: v.exactOptional(ms),
  maxResponse: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))),
})
export type Asking = v.InferOutput<typeof asking>

export const cutting = v.strictObject({ edgeId: amount })

const uint = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most))
const params = v.strictObject({
  latency: uint(2 ** 32 - 1),
  baseCost: amount,
  byteCost: amount,
  minLateRate: amount,
  maxLateRate: amount,
  sync: uint(2 ** 32 - 1),
  maxInflight: uint(2 ** 16 - 1),
  bytesPerSecond: uint(2 ** 32 - 1),
})

/** New terms to offer; and those of the other end to take up, by their hash. */
export const updating = v.strictObject({ edgeId: amount, params, effectiveFrom: v.exactOptional(amount) })
export type Updating = v.InferOutput<typeof updating>
export const accepting = v.strictObject({ edgeId: amount, terms: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) })
export type Accepting = v.InferOutput<typeof accepting>

/** Terms that hold from a block on, where both ends sign. */
export const offer = v.strictObject({ revision: v.number(), params, effectiveFrom: amount })
export type TermsOffer = v.InferOutput<typeof offer>

const paid = { cost: amount, late: amount }
const effort = { ...paid, tries: v.number(), cuts: v.array(amount) }
const response = v.strictObject({
  status: v.number(),
  payload: bytes,
  proof: v.strictObject({
    request: v.pipe(
      bytes,
      v.transform((signed) => decodeSigned(porRequest, signed)),
    ),
    response: v.pipe(
      bytes,
      v.transform((signed) => decodeSigned(porResponse, signed)),
    ),
  }),
})
const partition = v.strictObject({ cut: v.array(v.string()), witness: v.array(v.string()), tree: v.array(amount) })

/** How one try ended. */
export const requested = v.union([
  v.strictObject({ response, ...paid }),
  v.strictObject({ broken: v.strictObject({ edgeId: amount, cert: v.nullable(bytes) }), ...paid }),
])
export type Requested = v.InferOutput<typeof requested>

/** How all tries ended. */
export const isolated = v.union([
  v.strictObject({ response, ...effort }),
  v.strictObject({
    disconnected: v.strictObject({ account: v.string(), since: amount }),
    proof: v.nullable(partition),
    ...effort,
  }),
])
export type Isolated = v.InferOutput<typeof isolated>

/** Money that came for waiting, on a line of its own before the end. */
export const waited = v.strictObject({ late: amount })

export const failed = v.strictObject({
  error: v.looseObject({ code: v.string(), message: v.string(), hint: v.optional(v.string(), '') }),
})

export const edges = v.array(
  v.strictObject({
    edgeId: amount,
    peer: v.string(),
    status: v.string(),
    connected: v.boolean(),
    params,
    /** Null until something was under way. */
    books: v.nullable(
      v.strictObject({
        balance: amount,
        reserved: amount,
        paid: amount,
        received: amount,
        debt: amount,
        inflight: v.number(),
      }),
    ),
    /** What the other end offers, and can still be accepted. */
    offered: v.nullable(offer),
  }),
)
export type Edges = v.InferOutput<typeof edges>
