// What our own report says about the certificates it needs. Nothing is decided here: a wrong answer leads to certificates
// that no verifier accepts.
import { verify } from 'node:crypto'
import { readSnpIdentity, readSnpReport, readSnpSignature, type SnpIdentity, type SnpProduct } from '@dcml/attestation'
import { DcmlError, equalBytes, toHex } from '@dcml/protocol'
import { readX509 } from '../collateral/window.ts'

/**
 * @param product of this machine, where the report does not say it: versions below 3
 * @throws DcmlError `tee_quote_unreadable`
 */
export function snpIdentity(report: Uint8Array, product?: SnpProduct): SnpIdentity {
  try {
    return readSnpIdentity(report, product)
  } catch (cause) {
    throw new DcmlError(
      'tee_quote_unreadable',
      `The certificates of the report cannot be looked up: ${(cause as Error).message}.`,
      { hint: 'Say which processor family this machine has, or ask its maker for a fitting firmware.', cause },
    )
  }
}

/** Whether a report is over this report data. */
export function isOver(report: Uint8Array, reportData: Uint8Array): boolean {
  try {
    return equalBytes(readSnpReport(report).reportData, reportData)
  } catch {
    return false
  }
}

/** Whether the key of this certificate signed the report: hosts are known to bring one for firmware they had before. */
export function isSignedBy(report: Uint8Array, vek: Uint8Array): boolean {
  try {
    const { signed, signature } = readSnpSignature(report)
    return verify('sha384', signed, { key: readX509(vek).publicKey, dsaEncoding: 'ieee-p1363' }, signature)
  } catch {
    return false
  }
}

/** `chip … at …`, for names. */
export const describe = ({ product, key, chipId, reportedTcb }: SnpIdentity): string =>
  `${product} ${key === 'vcek' ? `chip ${toHex(chipId.subarray(0, 8))}` : 'VLEK'} at ${Object.values(reportedTcb).join('.')}`
