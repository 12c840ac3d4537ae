import { createHash } from 'node:crypto'
import { concatBytes, utf8 } from '@dcml/protocol'

/**
 * TD report, in the order of its bytes (Intel TDX DCAP Quoting Library API, A.3.2): TD 1.0 has 584, TD 1.5 two fields
 * more, and is what a report with either of those is.
 */
export interface TdReport {
  teeTcbSvn: Uint8Array
  mrSeam: Uint8Array
  mrSignerSeam: Uint8Array
  seamAttributes: Uint8Array
  tdAttributes: Uint8Array
  xfam: Uint8Array
  mrtd: Uint8Array
  mrConfigId: Uint8Array
  mrOwner: Uint8Array
  mrOwnerConfig: Uint8Array
  rtmrs: readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  reportData: Uint8Array
  /** SVNs as they are now; default those of the launch. */
  teeTcbSvn2?: Uint8Array
  /** Hash over bound service TDs; default zeros, for none. */
  mrServiceTd?: Uint8Array
}

/** SGX report of the quoting enclave; its report data (hash of key and authentication data) is filled in. */
export interface QeReport {
  cpuSvn: Uint8Array
  miscSelect: number
  attributes: Uint8Array
  mrEnclave: Uint8Array
  mrSigner: Uint8Array
  isvProdId: number
  isvSvn: number
}

export interface QuoteHeader {
  version: number
  attestationKeyType: number
  teeType: number
  qeVendorId: Uint8Array
}

const u16 = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >>> 8)
const u32 = (value: number): Uint8Array => concatBytes(u16(value & 0xffff), u16(value >>> 16))
const zeros = (length: number): Uint8Array => new Uint8Array(length)

/** Whether a report is of TDX 1.5, which only quotes of version 5 carry. */
export const isTd15 = (td: TdReport): boolean => td.teeTcbSvn2 !== undefined || td.mrServiceTd !== undefined

/** What the attestation key signs; version 5 says between header and report which kind of report it is. */
export function encodeBody(header: QuoteHeader, td: TdReport): Uint8Array {
  const report = encodeTdReport(td)
  const descriptor = header.version === 5 ? [u16(isTd15(td) ? 3 : 2), u32(report.length)] : []
  return concatBytes(encodeHeader(header), ...descriptor, report)
}

const encodeHeader = (header: QuoteHeader): Uint8Array =>
  concatBytes(
    u16(header.version),
    u16(header.attestationKeyType),
    u32(header.teeType),
    zeros(4),
    header.qeVendorId,
    zeros(20),
  )

const encodeTdReport = (td: TdReport): Uint8Array =>
  concatBytes(
    ...[td.teeTcbSvn, td.mrSeam, td.mrSignerSeam, td.seamAttributes, td.tdAttributes, td.xfam],
    ...[td.mrtd, td.mrConfigId, td.mrOwner, td.mrOwnerConfig, ...td.rtmrs, td.reportData],
    ...(isTd15(td) ? [td.teeTcbSvn2 ?? td.teeTcbSvn, td.mrServiceTd ?? zeros(48)] : []),
  )

/** The 384 bytes that the PCK signs. They commit to the attestation key and the authentication data. */
export function encodeQeReport(report: QeReport, attestationKey: Uint8Array, authData: Uint8Array): Uint8Array {
  const commitment = createHash('sha256').update(attestationKey).update(authData).digest()
  return concatBytes(
    ...[report.cpuSvn, u32(report.miscSelect), zeros(28), report.attributes, report.mrEnclave, zeros(32)],
    ...[report.mrSigner, zeros(96), u16(report.isvProdId), u16(report.isvSvn), zeros(60), commitment, zeros(32)],
  )
}

/** Everything behind the TD report that stays the same from quote to quote of one platform. */
export interface Certification {
  attestationKey: Uint8Array
  qeReport: Uint8Array
  qeReportSignature: Uint8Array
  authData: Uint8Array
  /** PEM, leaf first. */
  pckChain: string
}

/** Certification data of type 6 (a signed QE report) around type 5 (the PCK chain). */
export function encodeCertification(certification: Certification): Uint8Array {
  const chain = utf8(certification.pckChain)
  const inner = concatBytes(
    certification.qeReport,
    certification.qeReportSignature,
    u16(certification.authData.length),
    certification.authData,
    ...[u16(5), u32(chain.length), chain],
  )
  return concatBytes(certification.attestationKey, u16(6), u32(inner.length), inner)
}

/** @param body header and TD report @param signature r || s over body */
export const assembleQuote = (body: Uint8Array, signature: Uint8Array, certification: Uint8Array): Uint8Array =>
  concatBytes(body, u32(signature.length + certification.length), signature, certification)
