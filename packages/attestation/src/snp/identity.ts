// What a report says about the certificate of its key, for whoever has to find that. Nothing is verified here: a report that
// lies leads to certificates that no verifier accepts.
import type { SnpProduct, SnpTcb } from '../policy/policy.ts'
import { Refusal } from '../x509/der.ts'
import { readTcb, reportedProduct } from './product.ts'
import { readReport, readSignature, signedPart } from './report.ts'

/** What the certificate of the key that signed a report is asked for by. */
export interface SnpIdentity {
  readonly key: 'vcek' | 'vlek'
  readonly product: SnpProduct
  /** 64 bytes; on Turin eight bytes and zeros. All zero where the host hides it. */
  readonly chipId: Uint8Array
  readonly reportedTcb: SnpTcb
}

/**
 * Reads whose certificate a report of 1184 bytes needs.
 * @param product of the machine, where the report does not say it: versions below 3
 * @throws Error with the reason
 */
export function readSnpIdentity(report: Uint8Array, product?: SnpProduct): SnpIdentity {
  const read = readReport(report)
  const { cpuid, signingKey, chipId, tcb } = read
  if (signingKey > 1) throw new Refusal(`the report is signed by key ${signingKey}, neither VCEK nor VLEK`)
  const named = cpuid === undefined ? product : reportedProduct(read)
  if (named === undefined) throw new Refusal('the report names no processor family that is known')
  return {
    key: signingKey === 0 ? 'vcek' : 'vlek',
    product: named,
    chipId: chipId.slice(),
    reportedTcb: readTcb(tcb.reported, named),
  }
}

/**
 * The part of a report that is signed, and its signature: ECDSA P-384 with SHA-384, r and s in big-endian, 96 bytes.
 * @throws Error where it is not 1184 bytes
 */
export function readSnpSignature(report: Uint8Array): { signed: Uint8Array; signature: Uint8Array } {
  readReport(report)
  return { signed: signedPart(report), signature: readSignature(report) }
}
