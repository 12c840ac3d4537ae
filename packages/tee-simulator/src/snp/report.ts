import { concatBytes } from '@dcml/protocol'

/** Processor families with SEV-SNP. */
export type Product = 'Milan' | 'Genoa' | 'Turin'

/** Security patch levels; `fmc` from Turin on. */
export interface Tcb {
  fmc?: number
  bootloader: number
  tee: number
  snp: number
  microcode: number
}

/** What a report says, as plain data (SEV-SNP Firmware ABI, ATTESTATION_REPORT). */
export interface ReportFields {
  version: number
  guestSvn: number
  policy: bigint
  vmpl: number
  signatureAlgorithm: number
  platformInfo: bigint
  authorKeyEnabled: boolean
  maskChipKey: boolean
  signingKey: number
  reportData: Uint8Array
  measurement: Uint8Array
  hostData: Uint8Array
  reportId: Uint8Array
  /** Written from version 3 on. */
  cpuid: { family: number; model: number; stepping: number }
  /** 64 bytes. */
  chipId: Uint8Array
  tcb: { current: Tcb; reported: Tcb; committed: Tcb; launch: Tcb }
  /** Mitigations at launch and now; written from version 5 on. */
  mitigations: readonly [bigint, bigint]
  /** Values of single bytes by offset, for what has no field. */
  bytes: Map<number, number>
}

/** The signed part of a report, 672 bytes. */
export function encodeReport(report: ReportFields): Uint8Array {
  const bytes = new Uint8Array(0x2a0)
  const view = new DataView(bytes.buffer)
  view.setUint32(0x00, report.version, true)
  view.setUint32(0x04, report.guestSvn, true)
  view.setBigUint64(0x08, report.policy, true)
  view.setUint32(0x30, report.vmpl, true)
  view.setUint32(0x34, report.signatureAlgorithm, true)
  view.setBigUint64(0x40, report.platformInfo, true)
  view.setUint32(
    0x48,
    (report.signingKey << 2) | (report.maskChipKey ? 2 : 0) | (report.authorKeyEnabled ? 1 : 0),
    true,
  )
  bytes.set(report.reportData, 0x50)
  bytes.set(report.measurement, 0x90)
  bytes.set(report.hostData, 0xc0)
  bytes.set(report.reportId, 0x140)
  bytes.fill(0xff, 0x160, 0x180) // no migration agent
  if (report.version >= 3) {
    const { family, model, stepping } = report.cpuid
    bytes.set([family, model, stepping], 0x188)
  }
  bytes.set(report.chipId, 0x1a0)
  const { current, reported, committed, launch } = report.tcb
  for (const [offset, tcb] of [
    [0x38, current],
    [0x180, reported],
    [0x1e0, committed],
    [0x1f0, launch],
  ] as const)
    bytes.set(encodeTcb(tcb), offset)
  bytes.set([58, 1, 1, 0, 58, 1, 1], 0x1e8) // firmware build, minor, major: current and committed
  if (report.version >= 5) {
    view.setBigUint64(0x1f8, report.mitigations[0], true)
    view.setBigUint64(0x200, report.mitigations[1], true)
  }
  for (const [offset, value] of report.bytes) bytes[offset] = value
  return bytes
}

/** Turin moved everything up to make room for the FMC. */
const encodeTcb = ({ fmc, bootloader, tee, snp, microcode }: Tcb): number[] =>
  fmc === undefined ? [bootloader, tee, 0, 0, 0, 0, snp, microcode] : [fmc, bootloader, tee, snp, 0, 0, 0, microcode]

/** Signed part and r‖s (96 bytes), whose halves a report carries little-endian in 72 bytes each. */
export function assembleReport(signed: Uint8Array, signature: Uint8Array): Uint8Array {
  const number = (at: number) => concatBytes(signature.slice(at, at + 48).reverse(), new Uint8Array(24))
  return concatBytes(signed, number(0), number(48), new Uint8Array(0x170))
}
