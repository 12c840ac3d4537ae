import { concatBytes, equalBytes, fromHex } from '@dcml/protocol'
import { Cursor } from '../cursor.ts'
import { Refusal } from '../x509/der.ts'
import type { PublicKey } from '../x509/signature.ts'

const HEADER = 48
const DESCRIPTOR = 6
/** TD report bodies by the type that quotes of version 5 name them by (Intel TDX DCAP quoting library API, A.4). */
const BODIES: Readonly<Record<number, number>> = { 2: 584, 3: 648 }
const TD10 = 2
const TD15 = 3
const QE_REPORT = 384
const SIGNATURE = 64
const MAX_SIGNATURE_DATA = 65_536
/** The most bytes of a quote that are ever looked at. */
export const MAX_QUOTE = HEADER + DESCRIPTOR + BODIES[TD15]! + 4 + MAX_SIGNATURE_DATA
export const INTEL_QE_VENDOR = fromHex('939a7233f79c4ca9940a0db3957f0607')

/** What a TD report says about the TD (Intel TDX DCAP quoting library API, A.3.2 TD Quote Body, A.4 for TD 1.5). */
export interface TdReport {
  /** 16 SVNs at the time the TD was launched; the first two are minor and major version of the TDX module. */
  readonly teeTcbSvn: Uint8Array
  /** Measurement of the TDX module. */
  readonly mrSeam: Uint8Array
  readonly mrSignerSeam: Uint8Array
  readonly seamAttributes: Uint8Array
  readonly tdAttributes: Uint8Array
  readonly xfam: Uint8Array
  /** Measurement of what the TD started with. */
  readonly mrtd: Uint8Array
  /** Set by the host: names the image manifest. */
  readonly mrConfigId: Uint8Array
  readonly mrOwner: Uint8Array
  readonly mrOwnerConfig: Uint8Array
  /** RTMR0 to RTMR3, 48 bytes each. */
  readonly rtmr: readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  /** 64 bytes chosen by the workload. */
  readonly reportData: Uint8Array
  /** 16 SVNs as they are now, higher where the TDX module was updated under the running TD; only in a TD 1.5 report. */
  readonly teeTcbSvn2?: Uint8Array
  /** Hash over the service TDs that are bound to the TD, zeros where there is none; only in a TD 1.5 report. */
  readonly mrServiceTd?: Uint8Array
}

/** What is checked before the rest of a quote can be read. */
export interface QuoteHeader {
  readonly version: number
  readonly keyType: number
  readonly teeType: number
  readonly qeVendor: Uint8Array
}

/** A quote taken apart; nothing here is verified. */
export interface Quote {
  /** From the header to the end of the TD report: what the attestation key signed. */
  readonly signed: Uint8Array
  readonly report: TdReport
  readonly signature: Uint8Array
  readonly attestationKey: PublicKey
  /** The quoting enclave's report, signed by the PCK. */
  readonly qeReport: Uint8Array
  readonly qeReportSignature: Uint8Array
  readonly qeAuthData: Uint8Array
  /** PEM of PCK certificate, CA and root. */
  readonly certificates: string
}

export function readQuoteHeader(quote: Uint8Array): QuoteHeader {
  const cursor = new Cursor(quote)
  const version = cursor.uint(2)
  const keyType = cursor.uint(2)
  const teeType = cursor.uint(4)
  cursor.take(4)
  return { version, keyType, teeType, qeVendor: cursor.take(16) }
}

export function requireTdx(header: QuoteHeader): QuoteHeader {
  if (header.teeType === 0) throw new Refusal('the quote is for an SGX enclave, not for a TDX TD')
  if (header.teeType !== 0x81) throw new Refusal(`TEE type 0x${header.teeType.toString(16)} is not TDX (0x81)`)
  return header
}

export function requireVersion(header: QuoteHeader): QuoteHeader {
  if (header.version !== 4 && header.version !== 5)
    throw new Refusal(`quote version ${header.version} is not supported, only 4 and 5`)
  return header
}

export function requireKeyType(header: QuoteHeader): QuoteHeader {
  if (header.keyType !== 2) throw new Refusal(`attestation key type ${header.keyType} is not ECDSA P-256 (2)`)
  return header
}

export function requireIntelQe(header: QuoteHeader): QuoteHeader {
  if (!equalBytes(header.qeVendor, INTEL_QE_VENDOR)) throw new Refusal('quoting enclave vendor is not Intel')
  return header
}

/** Reads a quote. Bytes after its declared end are ignored: nothing signs them, and platforms leave some. */
export function readQuote(bytes: Uint8Array): Quote {
  const { type, start } = readBodyType(bytes)
  const cursor = new Cursor(bytes)
  const signed = cursor.take(start + BODIES[type]!)
  const length = cursor.uint(4)
  if (length > MAX_SIGNATURE_DATA) throw new Refusal(`signature data is above ${MAX_SIGNATURE_DATA} bytes`)
  const data = new Cursor(cursor.take(length))
  const signature = data.take(SIGNATURE)
  const attestationKey = { kind: 'p256', bytes: concatBytes(Uint8Array.of(4), data.take(64)) } as const
  const certification = new Cursor(readCertification(data, 6, 'signature data'))
  const qeReport = certification.take(QE_REPORT)
  const qeReportSignature = certification.take(SIGNATURE)
  const qeAuthData = certification.take(certification.uint(2))
  const chain = readCertification(certification, 5, 'QE certification data')
  // Intel's library ends the text with a NUL.
  const text = chain.at(-1) === 0 ? chain.subarray(0, -1) : chain
  const certificates = new TextDecoder('utf-8', { ignoreBOM: true }).decode(text)
  const report = readTdReport(signed.subarray(start), type)
  return { signed, report, signature, attestationKey, qeReport, qeReportSignature, qeAuthData, certificates }
}

/** Version 4 carries a TD 1.0 report. Version 5 says which kind of report it carries, and how long that is. */
function readBodyType(bytes: Uint8Array): { type: number; start: number } {
  const cursor = new Cursor(bytes)
  const version = cursor.uint(2)
  cursor.take(HEADER - 2)
  if (version !== 5) return { type: TD10, start: HEADER }
  const type = cursor.uint(2)
  const size = cursor.uint(4)
  if (BODIES[type] === undefined) throw new Refusal(`quote body type ${type} is no TD report (${TD10} or ${TD15})`)
  if (size !== BODIES[type]) throw new Refusal(`quote body of type ${type} has ${size} bytes, not ${BODIES[type]}`)
  return { type, start: HEADER + DESCRIPTOR }
}

/** Certification data of this type (6: QE report, 5: PCK chain), which has to be the last thing in its frame. */
function readCertification(cursor: Cursor, type: number, what: string): Uint8Array {
  const actual = cursor.uint(2)
  if (actual !== type) throw new Refusal(`${what}: certification data type ${actual} is not supported, only ${type}`)
  const length = cursor.uint(4)
  const data = cursor.rest()
  if (data.length !== length) throw new Refusal(`${what} does not fill its frame`)
  return data
}

function readTdReport(body: Uint8Array, type: number): TdReport {
  const cursor = new Cursor(body)
  const measurement = () => cursor.take(48)
  return {
    teeTcbSvn: cursor.take(16),
    mrSeam: measurement(),
    mrSignerSeam: measurement(),
    seamAttributes: cursor.take(8),
    tdAttributes: cursor.take(8),
    xfam: cursor.take(8),
    mrtd: measurement(),
    mrConfigId: measurement(),
    mrOwner: measurement(),
    mrOwnerConfig: measurement(),
    rtmr: [measurement(), measurement(), measurement(), measurement()],
    reportData: cursor.take(64),
    ...(type === TD15 && { teeTcbSvn2: cursor.take(16), mrServiceTd: measurement() }),
  }
}
