// How evidence is asked for and answered: `GET /dcml/v1/evidence`, the first thing that crosses a connection.
import { DcmlError, toBase64url } from '@dcml/protocol'
import * as v from 'valibot'
import type { EvidenceJson } from '../evidence/evidence.ts'
import { exactly, readValue } from '../evidence/fields.ts'

/** Path of the evidence request. */
export const EVIDENCE_PATH = '/dcml/v1/evidence'

/** What a verifier asks an enclave for. */
export interface AttestRequest {
  /** 32 random bytes of the verifier. */
  readonly nonce: Uint8Array
  /** `session-signed`: a recent quote and a signature over this connection. `session-quoted`: a quote of it. */
  readonly binding: 'session-signed' | 'session-quoted'
  readonly purpose: 'session' | 'peer-responder'
}

/** What an enclave answers. */
export interface AttestAnswer {
  readonly evidence: EvidenceJson
  /** base64url, for `session-signed`. */
  readonly signature?: string
  /** base64url, for `peer-responder`: the nonce that the caller's own quote has to carry, once, on this connection. */
  readonly challenge?: string
}

/** Path and query of a request. */
export const formatAttestRequest = ({ nonce, binding, purpose }: AttestRequest): string =>
  `${EVIDENCE_PATH}?${new URLSearchParams({ nonce: toBase64url(nonce), binding, purpose })}`

const requestSchema = v.pipe(
  v.strictObject({
    nonce: exactly(32),
    binding: v.optional(v.picklist(['session-signed', 'session-quoted']), 'session-signed'),
    purpose: v.optional(v.picklist(['session', 'peer-responder']), 'session'),
  }),
  v.check(
    ({ binding, purpose }) => purpose === 'session' || binding === 'session-quoted',
    'an exchange between enclaves is session-quoted',
  ),
)

/** Reads the query of an evidence request. @throws DcmlError `evidence_request_invalid` */
export function parseAttestRequest(query: URLSearchParams): AttestRequest {
  const fields = Object.fromEntries(query)
  if (Object.keys(fields).length !== query.size)
    throw new DcmlError('evidence_request_invalid', 'A parameter of the evidence request is given twice.', {
      hint: 'Give nonce, binding and purpose at most once each.',
    })
  return readValue(requestSchema, fields, 'evidence_request_invalid')
}

const answerSchema = v.strictObject({
  evidence: v.record(v.string(), v.unknown()),
  signature: v.exactOptional(exactly(64)),
  challenge: v.exactOptional(exactly(32)),
})

/** An answer whose evidence nobody has looked at yet. */
export type UnverifiedAnswer = v.InferOutput<typeof answerSchema>

/** Reads the envelope of an answer. @throws DcmlError `evidence_malformed` */
export const parseAttestAnswer = (json: unknown): UnverifiedAnswer =>
  readValue(answerSchema, json, 'evidence_malformed')
