import { concatBytes, equalBytes } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { Refusal } from '../x509/der.ts'
import type { QeIdentity } from './collateral.ts'
import type { Quote } from './quote.ts'

/** The fields of an SGX enclave report that identify the enclave (Intel SDM vol. 3D, REPORT). */
interface EnclaveReport {
  readonly miscSelect: Uint8Array
  readonly attributes: Uint8Array
  readonly mrSigner: Uint8Array
  readonly isvProdId: number
  readonly isvSvn: number
  readonly reportData: Uint8Array
}

export function readQeReport(report: Uint8Array): EnclaveReport {
  const view = new DataView(report.buffer, report.byteOffset, report.byteLength)
  return {
    miscSelect: report.subarray(16, 20),
    attributes: report.subarray(48, 64),
    mrSigner: report.subarray(128, 160),
    isvProdId: view.getUint16(256, true),
    isvSvn: view.getUint16(258, true),
    reportData: report.subarray(320, 384),
  }
}

/** The enclave puts SHA-256(attestation key ‖ its authentication data) into its report data, then zeros. */
export function requireVouchedKey({ attestationKey, qeAuthData, qeReport }: Quote): void {
  const expected = new Uint8Array(64)
  expected.set(sha256(concatBytes(attestationKey.bytes.subarray(1), qeAuthData)))
  if (!equalBytes(readQeReport(qeReport).reportData, expected))
    throw new Refusal('QE report data is not the hash of attestation key and authentication data')
}

/** Compares the quoting enclave with QE identity under its masks, and refuses debug mode whatever the masks say. */
export function requireQeIdentity(report: EnclaveReport, identity: QeIdentity): void {
  requireMasked('QE MISCSELECT', report.miscSelect, identity.miscselect, identity.miscselectMask)
  requireMasked('QE attributes', report.attributes, identity.attributes, identity.attributesMask)
  if (report.attributes[0]! & 0x02) throw new Refusal('QE runs in debug mode')
  if (!equalBytes(report.mrSigner, identity.mrsigner)) throw new Refusal('QE MRSIGNER is not that of QE identity')
  if (report.isvProdId !== identity.isvprodid) throw new Refusal('QE ISVPRODID is not that of QE identity')
}

/** Refuses where `actual & mask` is not `expected`. */
export function requireMasked(what: string, actual: Uint8Array, expected: Uint8Array, mask: Uint8Array): void {
  if (
    !equalBytes(
      actual.map((byte, i) => byte & mask[i]!),
      expected,
    )
  )
    throw new Refusal(`${what} differ from what Intel signed`)
}
