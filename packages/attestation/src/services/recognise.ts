import { equalBytes, fromHex } from '@dcml/protocol'
import { parseJson, printable } from '../evidence/fields.ts'
import { INTEL_QE_VENDOR, readQuoteHeader } from '../tdx/quote.ts'
import { firstCertificate } from './certificate.ts'
import { isDstackAnswer, readDstackAnswer, readRaTls } from './dstack/evidence.ts'
import { malformed, readAs } from './fields.ts'
import { isNearReport, readNearReport } from './near-ai/report.ts'
import { isNearSignature, readNearSignature } from './near-ai/signature.ts'
import { nvidiaEvidence } from './nvidia.ts'
import type { Recognised } from './recognised.ts'
import { isTinfoil, readTinfoil } from './tinfoil/document.ts'

/** Longest input that is looked at, in bytes or characters. */
export const MAX_SERVICE_EVIDENCE = 8_388_608

const QUOTE_HEADER_BYTES = 48
const TDX = 0x81
const SNP_REPORT_BYTES = 1184

/**
 * Finds out whose evidence this is and takes it apart, without believing anything in it. Answers whose text is hashed or
 * signed (Tinfoil's) have to be given as the bytes that came.
 * @param input bytes or text of an answer or a file, or JSON that was parsed from it
 * @returns undefined where it is nothing that is known
 * @throws DcmlError `service_evidence_malformed` where it looks like something known and cannot be read
 */
export function recognise(input: unknown): Recognised | undefined {
  if (input instanceof Uint8Array) {
    requireSize(input.length)
    return ofBytes(input) ?? ofText(new TextDecoder().decode(input))
  }
  if (typeof input === 'string') return ofText(input)
  const text = stringify(input)
  return text === undefined ? undefined : ofText(text)
}

function ofBytes(bytes: Uint8Array): Recognised | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (isQuote(bytes)) return { kind: 'tdx-quote', quote: bytes }
  if (bytes.length === SNP_REPORT_BYTES && [2, 3, 4, 5].includes(view.getUint32(0, true)))
    return { kind: 'snp-report', report: bytes }
  return bytes[0] === 0x30 ? ofCertificate(bytes) : undefined
}

/** Of Intel's: a quote of SGX has the header of one of TDX, and the verifier says that it is not of a TD. */
function isQuote(bytes: Uint8Array): boolean {
  if (bytes.length <= QUOTE_HEADER_BYTES) return false
  const header = readQuoteHeader(bytes)
  return [3, 4, 5].includes(header.version) && (header.teeType === TDX || equalBytes(header.qeVendor, INTEL_QE_VENDOR))
}

function ofCertificate(der: Uint8Array): Recognised | undefined {
  const evidence = readRaTls(der)
  return evidence && { kind: 'dstack', evidence }
}

function ofText(raw: string): Recognised | undefined {
  requireSize(raw.length)
  const text = raw.trim()
  if (text.startsWith('-----BEGIN CERTIFICATE-----')) return ofCertificate(pemBytes(text))
  // no group is repeated here: one that matches megabytes overflows the stack
  const [, hex] = /^(?:0x)?([0-9a-fA-F]+)$/.exec(text) ?? []
  if (hex !== undefined && hex.length % 2 === 0) return ofBytes(fromHex(hex))
  let json: unknown
  try {
    json = parseJson(text)
  } catch {
    return undefined
  }
  return typeof json === 'object' && json !== null ? ofJson(json, text) : undefined
}

function pemBytes(text: string): Uint8Array {
  try {
    return firstCertificate(text)
  } catch (error) {
    throw malformed('a certificate', (error as Error).message)
  }
}

/** @param text what `json` was parsed from */
function ofJson(json: object, text: string): Recognised | undefined {
  const isGpuList = Array.isArray(json) && typeof json[0] === 'object' && json[0] !== null && 'evidence' in json[0]
  if (isGpuList || 'evidence_list' in json || 'evidences' in json)
    return { kind: 'nvidia-evidence', evidence: readAs('evidence of NVIDIA GPUs', nvidiaEvidence, json) }
  if (Array.isArray(json)) return undefined
  if ('claims' in json && 'cpu' in json && 'manifest' in json) return { kind: 'dcml-evidence', evidence: json }
  if ('evidence' in json && isDcml(json.evidence)) return { kind: 'dcml-attest-answer', evidence: json.evidence }
  if (isTinfoil(json)) return { kind: 'tinfoil', document: readTinfoil(json, text) }
  if (isNearSignature(json)) return { kind: 'near-ai-signature', signature: readNearSignature(json) }
  if (isNearReport(json)) return { kind: 'near-ai', report: readNearReport(json) }
  if (isDstackAnswer(json)) return { kind: 'dstack', evidence: readDstackAnswer(json) }
  return undefined
}

const isDcml = (evidence: unknown): boolean =>
  typeof evidence === 'object' && evidence !== null && 'claims' in evidence && 'cpu' in evidence

function requireSize(size: number): void {
  if (size <= MAX_SERVICE_EVIDENCE) return
  throw malformed('evidence', printable(`it has ${size} bytes, more than ${MAX_SERVICE_EVIDENCE}`))
}

/** JSON text of anything; undefined for what has none, such as a cycle. */
function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
