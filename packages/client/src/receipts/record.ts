import type { Check, EvidenceJson } from '@dcml/attestation'
import { DcmlError, fromBase64url, fromHex, parseReceipt, type Receipt } from '@dcml/protocol'
import * as v from 'valibot'
import type { Usage } from './check.ts'

/** A receipt with everything that is needed to judge it later, offline and by anyone. Plain JSON. */
export interface ReceiptRecord {
  readonly v: 1
  /** Text form, as it came in the `dcml` member. */
  readonly receipt: string
  /** Ed25519 key from the claims of the verified evidence, base64url. */
  readonly sessionKey: string
  /** Evidence of the connection that the answer came over. */
  readonly evidence: EvidenceJson
  /** SHA-256 of the request body as it was sent, hex. */
  readonly requestH: string
  /** `ResponseHash` of the payloads as they were received, hex. */
  readonly responseH: string
  /** Token counts that the answer showed, where it did. */
  readonly usage?: Usage
  /** Origin that was called. */
  readonly endpoint: string
  /** Unix time in milliseconds by the client's clock. */
  readonly receivedAt: number
  /** What the client found. Refused receipts are kept too. */
  readonly verdict: { readonly ok: boolean; readonly checks: readonly Check[] }
}

const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

const schema = v.strictObject({
  v: v.literal(1),
  receipt: v.pipe(v.string(), v.maxLength(4096)),
  sessionKey: v.pipe(v.string(), v.regex(/^[\w-]{43}$/)),
  // judged by verifyEvidence
  evidence: v.custom<EvidenceJson>((value) => typeof value === 'object' && value !== null),
  requestH: hash,
  responseH: hash,
  usage: v.exactOptional(v.strictObject({ promptTokens: count, completionTokens: count })),
  endpoint: v.string(),
  receivedAt: count,
  verdict: v.strictObject({
    ok: v.boolean(),
    checks: v.array(
      v.strictObject({ name: v.string(), status: v.picklist(['pass', 'fail', 'skipped']), why: v.string() }),
    ),
  }),
})

/**
 * Reads a record from parsed JSON. Says nothing about truth: that is `verifyReceiptRecord`.
 * @throws DcmlError `receipt_record_malformed`
 */
export function parseReceiptRecord(json: unknown): ReceiptRecord {
  const parsed = v.safeParse(schema, json)
  if (parsed.success) return parsed.output
  const issue = parsed.issues[0]
  const field = v.getDotPath(issue) ?? 'record'
  throw new DcmlError('receipt_record_malformed', `The receipt record cannot be read at ${field}: ${issue.message}`, {
    hint: 'Give one record as the receipt store writes it.',
    details: { field },
  })
}

/** What the enclave signed, read from a record. @throws DcmlError `receipt_malformed` */
export const receiptOf = (record: ReceiptRecord): Receipt => parseReceipt(record.receipt).receipt

/** The hashes and key of a record as bytes. @throws DcmlError `bytes_not_base64url` */
export const bytesOf = (
  record: ReceiptRecord,
): { sessionKey: Uint8Array; requestH: Uint8Array; responseH: Uint8Array } => ({
  sessionKey: fromBase64url(record.sessionKey),
  requestH: fromHex(record.requestH, 32),
  responseH: fromHex(record.responseH, 32),
})
