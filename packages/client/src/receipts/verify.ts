import {
  type Environment,
  type Policy,
  type Purpose,
  parseClaims,
  parseEvidence,
  verifyEvidence,
  type Warning,
} from '@dcml/attestation'
import { type Receipt, toBase64url } from '@dcml/protocol'
import { checkReceipt, type ReceiptVerdict } from './check.ts'
import { fail, pass } from './outcome.ts'
import { bytesOf, parseReceiptRecord, type ReceiptRecord, receiptOf } from './record.ts'

export interface VerifyRecordOptions {
  readonly policy: Policy
  /** Roots to trust instead of the pinned ones; a development root is only ever given here. */
  readonly roots?: readonly (Uint8Array | string)[]
  /** A receipt from after this time is refused. */
  readonly now: Date
}

/** What a record proves. */
export interface RecordVerdict extends ReceiptVerdict {
  /** Which roots stand behind the evidence. */
  readonly environment: Environment | undefined
  /** Set where the evidence was simulated: it proves nothing about any machine. */
  readonly label?: 'DEVELOPMENT'
  /** What the policy lets pass and a person should know. */
  readonly warnings: readonly Warning[]
  /** What was signed; only where everything passed. */
  readonly receipt?: Receipt
}

/**
 * Judges a kept receipt offline: was this key, at the receipt's time, held by a workload the policy accepts in a genuine
 * TEE, and did it sign exactly this request, response and model (paper §3)? The record's own verdict is not looked at.
 *
 * Two things cannot be seen from one record: whether the number was used twice, and whether the evidence was fresh on the
 * live connection. The client checked both when it received the answer.
 * @throws DcmlError `receipt_record_malformed`; everything else leads to a failed check
 */
export async function verifyReceiptRecord(
  json: ReceiptRecord,
  { policy, roots, now }: VerifyRecordOptions,
): Promise<RecordVerdict> {
  const record = parseReceiptRecord(json)
  let receipt: Receipt
  try {
    receipt = receiptOf(record)
  } catch (error) {
    return {
      ok: false,
      checks: [fail('receipt_format', (error as Error).message)],
      environment: undefined,
      warnings: [],
    }
  }
  const evidence = await verifyEvidence({
    evidence: record.evidence,
    // a quote names its keys for the life of the enclave; how old it may be was a matter of the live connection
    policy: { ...policy, binding: 'key', maxAgeSeconds: Number.POSITIVE_INFINITY },
    ...(roots && { roots }),
    now: dateOf(receipt.time),
    expect: { purpose: purposeOf(record.evidence) },
  })
  const { checks, environment, label } = evidence
  // a kept receipt is of no connection: that it is unbound says nothing new
  const warnings = evidence.warnings.filter(({ code }) => code !== 'unbound')
  const common = { environment, warnings, ...(label && { label }) }
  if (!evidence.ok) return { ...common, ok: false, checks }
  const { requestH, responseH } = bytesOf(record)
  const verdict = await checkReceipt(record.receipt, {
    attested: evidence,
    modelH: policy.modelH,
    requestH,
    responseH,
    usage: record.usage,
    // whose channel it is, only the payer knows
    ...(evidence.manifest.trustRoot !== undefined && { channelId: 'any' as const }),
    now: now.getTime(),
  })
  const key =
    toBase64url(evidence.claims.sessionKey) === record.sessionKey
      ? pass('record_session_key', 'is the one in the evidence')
      : fail('record_session_key', 'is not the one in the evidence')
  const ok = verdict.ok && key.status === 'pass'
  return { ...common, ok, checks: [...checks, key, ...verdict.checks], ...(ok && { receipt }) }
}

/** Clients in browsers keep evidence that was made for their kind of channel; for any other use it counts for nothing. */
function purposeOf(evidence: unknown): Purpose {
  try {
    return parseClaims(parseEvidence(evidence).claims).purpose === 'browser' ? 'browser' : 'session'
  } catch {
    return 'session'
  }
}

/** The last moment a Date can hold stands for every later one. */
const dateOf = (time: bigint): Date => new Date(Number(time < 8_640_000_000_000_000n ? time : 8_640_000_000_000_000n))
