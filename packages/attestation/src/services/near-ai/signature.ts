import * as v from 'valibot'
import { hexUpTo, maybe, readAs } from '../fields.ts'

const schema = v.object({
  text: v.pipe(v.string(), v.maxLength(1024)),
  signature: hexUpTo(65),
  signing_address: v.pipe(
    hexUpTo(32),
    v.check(({ length }) => length === 20 || length === 32, 'not 20 or 32 bytes'),
  ),
  signing_algo: maybe(v.picklist(['ecdsa', 'ed25519'])),
  signature_kind: maybe(v.pipe(v.string(), v.maxLength(64))),
})

/** An answer to `GET /v1/signature/{id}`; nothing in it is verified. */
export type NearSignature = v.InferOutput<typeof schema>

/** Whether an object looks like such an answer. */
export const isNearSignature = (json: object): boolean =>
  'text' in json && 'signature' in json && 'signing_address' in json

/** @throws DcmlError `service_evidence_malformed` */
export const readNearSignature = (json: object): NearSignature => readAs('a signature of NEAR AI Cloud', schema, json)

/** Hashes as hex: `request:response`, or with the model's name before, which may hold colons itself. */
export function hashesOf(text: string): { model?: string; requestH: string; responseH: string } | undefined {
  const match = /^(?:([^\n]+):)?([0-9a-f]{64}):([0-9a-f]{64})$/.exec(text)
  if (match === null) return undefined
  const [, model, requestH, responseH] = match
  return { ...(model !== undefined && { model }), requestH: requestH!, responseH: responseH! }
}
