// How a response and its receipt travel in one body, so that anyone can recompute `responseH` from the bytes
// received. The receipt is the last member, `dcml`, of the last JSON payload: the whole body of a plain answer, or
// the last `data:` payload of a stream before `[DONE]`.
import { sha256 } from '@noble/hashes/sha2.js'
import * as v from 'valibot'
import { utf8 } from './bytes.ts'
import { DcmlError } from './errors.ts'

/** An incremental SHA-256: `createHash('sha256')` of Node fits, and so does noble's. */
export interface Hasher {
  update(data: Uint8Array): unknown
  digest(): Uint8Array
}

/** The `dcml` member of a response. */
export interface DcmlField {
  readonly v: 1
  /** Lower-case hex: the modelH of the paper's §3, readable without decoding the receipt. */
  readonly modelH: string
  /** See `formatReceipt`. */
  readonly receipt: string
}

const MEMBER = ',"dcml":'
const fieldSchema: v.GenericSchema<DcmlField> = v.strictObject({
  v: v.literal(1),
  modelH: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  receipt: v.pipe(v.string(), v.maxLength(4096), v.regex(/^[\w-]+$/)),
})

/** Appends the `dcml` member to the JSON text of an object that has at least one member. */
export const attachDcml = (payload: string, field: DcmlField): string =>
  `${payload.slice(0, -1)}${MEMBER}${JSON.stringify(field)}}`

/**
 * Splits a payload into what was hashed and its `dcml` member (undefined where there is none).
 * @throws DcmlError `receipt_malformed` when the member is there but not of its schema
 */
export function detachDcml(payload: string): { payload: string; field: DcmlField | undefined } {
  const at = payload.lastIndexOf(MEMBER)
  // A model can write `,"dcml":` into its text, but inside a JSON string the quotes are escaped.
  if (at === -1) return { payload, field: undefined }
  let json: unknown
  try {
    json = JSON.parse(payload.slice(at + MEMBER.length, -1))
  } catch (cause) {
    throw malformed(cause)
  }
  const parsed = v.safeParse(fieldSchema, json)
  if (!parsed.success || !payload.endsWith('}')) throw malformed()
  return { payload: `${payload.slice(0, at)}}`, field: parsed.output }
}

/**
 * Computes `responseH`: SHA-256 over the payloads, joined by one line feed, each without its `dcml` member.
 * `[DONE]`, SSE field names and comments do not count.
 */
export class ResponseHash {
  readonly #hasher: Hasher
  #first = true

  constructor(hasher: Hasher = sha256.create()) {
    this.#hasher = hasher
  }

  add(payload: string): void {
    this.#hasher.update(utf8(this.#first ? payload : `\n${payload}`))
    this.#first = false
  }

  digest(): Uint8Array {
    return Uint8Array.from(this.#hasher.digest())
  }
}

const malformed = (cause?: unknown): DcmlError =>
  new DcmlError('receipt_malformed', 'The dcml member of the response cannot be read.', {
    hint: 'Ask the host for a runtime of this version.',
    cause,
  })
