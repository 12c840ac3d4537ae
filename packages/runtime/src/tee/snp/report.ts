// What our own report says about the certificates it needs (SEV-SNP Firmware ABI, ATTESTATION_REPORT). Nothing is decided
// here: a wrong answer leads to certificates that no verifier accepts.
import { verify } from 'node:crypto'
import type { SnpProduct, SnpTcb } from '@dcml/attestation'
import { DcmlError, toHex } from '@dcml/protocol'
import { readX509 } from '../collateral/window.ts'

const SNP_REPORT_BYTES = 1184
/** Offsets of the fields that are read. */
const AT = {
  flags: 0x48,
  reportData: 0x50,
  reportedTcb: 0x180,
  family: 0x188,
  model: 0x189,
  chipId: 0x1a0,
  signature: 0x2a0,
} as const

/** What the certificate of the key that signed a report is asked for by. */
export interface SnpIdentity {
  readonly key: 'vcek' | 'vlek'
  readonly product: SnpProduct
  /** 64 bytes; on Turin eight bytes and zeros. All zero where the host hides it. */
  readonly chipId: Uint8Array
  readonly reportedTcb: SnpTcb
}

/**
 * @param product of this machine, where the report does not say it: versions below 3
 * @throws DcmlError `tee_quote_unreadable`
 */
export function snpIdentity(report: Uint8Array, product?: SnpProduct): SnpIdentity {
  if (report.length !== SNP_REPORT_BYTES) throw unreadable(`it has ${report.length} bytes, not ${SNP_REPORT_BYTES}`)
  const signingKey = (report[AT.flags]! >> 2) & 7
  if (signingKey > 1) throw unreadable(`it is signed by key ${signingKey}, neither VCEK nor VLEK`)
  const named = report[0]! >= 3 ? productOf(report[AT.family]!, report[AT.model]!) : product
  if (named === undefined)
    throw unreadable('it does not name its processor', 'Say which processor family this machine has.')
  const tcb = report.subarray(AT.reportedTcb, AT.reportedTcb + 8)
  return {
    key: signingKey === 0 ? 'vcek' : 'vlek',
    product: named,
    chipId: report.slice(AT.chipId, AT.chipId + 64),
    reportedTcb: named === 'Turin' ? turinTcb(tcb) : milanTcb(tcb),
  }
}

export const snpReportData = (report: Uint8Array): Uint8Array => report.subarray(AT.reportData, AT.reportData + 64)

/** Whether the key of this certificate signed the report: hosts are known to bring one for firmware they had before. */
export function isSignedBy(report: Uint8Array, vek: Uint8Array): boolean {
  const half = (at: number): Uint8Array => report.slice(at, at + 48).reverse()
  const signature = Buffer.concat([half(AT.signature), half(AT.signature + 72)])
  try {
    const key = { key: readX509(vek).publicKey, dsaEncoding: 'ieee-p1363' } as const
    return verify('sha384', report.subarray(0, AT.signature), key, signature)
  } catch {
    return false
  }
}

/** `chip … at …`, for names. */
export const describe = ({ product, key, chipId, reportedTcb }: SnpIdentity): string =>
  `${product} ${key === 'vcek' ? `chip ${toHex(chipId.subarray(0, 8))}` : 'VLEK'} at ${Object.values(reportedTcb).join('.')}`

/** CPUID family and model (AMD's Revision Guides); extended models 0x0 to 0xf are Milan's, 0x10 to 0x1f Genoa's. */
function productOf(family: number, model: number): SnpProduct | undefined {
  if (family === 0x19)
    return model < 0x10 ? 'Milan' : model < 0x20 || (model >= 0xa0 && model < 0xb0) ? 'Genoa' : undefined
  return family === 0x1a && model < 0x20 ? 'Turin' : undefined
}

const milanTcb = (tcb: Uint8Array): SnpTcb => ({ bootloader: tcb[0]!, tee: tcb[1]!, snp: tcb[6]!, microcode: tcb[7]! })
const turinTcb = (tcb: Uint8Array): SnpTcb => ({
  fmc: tcb[0]!,
  bootloader: tcb[1]!,
  tee: tcb[2]!,
  snp: tcb[3]!,
  microcode: tcb[7]!,
})

const unreadable = (why: string, hint = 'Ask the maker of the platform for a fitting firmware.'): DcmlError =>
  new DcmlError('tee_quote_unreadable', `The certificates of the report cannot be looked up: ${why}.`, { hint })
