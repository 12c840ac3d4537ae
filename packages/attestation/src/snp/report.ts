import { concatBytes } from '@dcml/protocol'
import { Refusal } from '../x509/der.ts'

const REPORT_BYTES = 1184
const SIGNED_BYTES = 0x2a0
/** r and s are little-endian, in more bytes than P-384 needs. */
const NUMBER_BYTES = 72
const WIDTH = 48

/** What a SEV-SNP report says (SEV-SNP Firmware ABI 1.58, table ATTESTATION_REPORT). */
export interface SnpReport {
  readonly version: number
  /** What the guest's owner allows the host (ABI table GUEST_POLICY). */
  readonly policy: bigint
  /** Privilege level in the guest that asked for the report, 0 the highest; above 3 the host asked. */
  readonly vmpl: number
  /** 1 is ECDSA P-384 with SHA-384. */
  readonly signatureAlgorithm: number
  /** 0 VCEK, 1 VLEK, 7 none. */
  readonly signingKey: number
  /** The host has turned the VCEK off. */
  readonly maskChipKey: boolean
  /** 64 bytes chosen by the workload. */
  readonly reportData: Uint8Array
  /** What the guest started with, 48 bytes. */
  readonly measurement: Uint8Array
  /** Set by the host at launch, 32 bytes: names the image manifest. */
  readonly hostData: Uint8Array
  /** From version 3 on. */
  readonly cpuid: { readonly family: number; readonly model: number; readonly stepping: number } | undefined
  /** 64 bytes, of which Turin uses 8; zeros where the host masks it. */
  readonly chipId: Uint8Array
  /** TCB versions as they are encoded, 8 bytes each; {@link readTcb} reads them. */
  readonly tcb: {
    /** What runs now. */
    readonly current: Uint8Array
    /** What the host chose to report, and the VEK was derived for. */
    readonly reported: Uint8Array
    /** What the platform cannot be rolled back below. */
    readonly committed: Uint8Array
    /** What the guest was launched under. */
    readonly launch: Uint8Array
  }
}

/** Reads a report of 1184 bytes; nothing is verified. @throws Error of another length */
export function readReport(bytes: Uint8Array): SnpReport {
  if (bytes.length !== REPORT_BYTES) throw new Refusal(`the report has ${bytes.length} bytes, not ${REPORT_BYTES}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const version = view.getUint32(0, true)
  const keyInfo = view.getUint32(0x48, true)
  const at = (offset: number, length: number) => bytes.subarray(offset, offset + length)
  return {
    version,
    policy: view.getBigUint64(0x08, true),
    vmpl: view.getUint32(0x30, true),
    signatureAlgorithm: view.getUint32(0x34, true),
    signingKey: (keyInfo >> 2) & 7,
    maskChipKey: (keyInfo & 2) !== 0,
    reportData: at(0x50, 64),
    measurement: at(0x90, 48),
    hostData: at(0xc0, 32),
    cpuid: version >= 3 ? { family: bytes[0x188]!, model: bytes[0x189]!, stepping: bytes[0x18a]! } : undefined,
    chipId: at(0x1a0, 64),
    tcb: { current: at(0x38, 8), reported: at(0x180, 8), committed: at(0x1e0, 8), launch: at(0x1f0, 8) },
  }
}

export const signedPart = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, SIGNED_BYTES)

/** r‖s, big-endian. */
export function readSignature(bytes: Uint8Array): Uint8Array {
  const number = (offset: number) => bytes.slice(offset, offset + WIDTH).reverse()
  return concatBytes(number(SIGNED_BYTES), number(SIGNED_BYTES + NUMBER_BYTES))
}

/** From and until (exclusive) of reserved bytes that every version has. */
const RESERVED = [
  [0x49, 0x50], // the first byte of key information has reserved bits of its own
  [0x18b, 0x1a0],
  [0x1eb, 0x1ec],
  [0x1ef, 0x1f0],
  [0x208, SIGNED_BYTES],
  [SIGNED_BYTES + WIDTH, SIGNED_BYTES + NUMBER_BYTES],
  [SIGNED_BYTES + NUMBER_BYTES + WIDTH, REPORT_BYTES],
] as const
const CPUID = [0x188, 0x18b] as const
/** LAUNCH_MIT_VECTOR and CURRENT_MIT_VECTOR. */
const MITIGATIONS = [0x1f8, 0x208] as const

/** What follows the signed part is unsigned: zero is all it may be, so that nothing about a report can be varied. */
export function requireReservedZero(bytes: Uint8Array, { version }: SnpReport): void {
  const reserved = [...RESERVED, ...(version < 3 ? [CPUID] : []), ...(version < 5 ? [MITIGATIONS] : [])]
  for (const [from, until] of reserved)
    if (bytes.subarray(from, until).some((byte) => byte !== 0))
      throw new Refusal(`reserved bytes from 0x${from.toString(16)} are not zero`)
  if (bytes[0x48]! >> 5) throw new Refusal('reserved bits of the key information are set')
}

export function requireVersion(report: SnpReport): SnpReport {
  if (report.version < 2 || report.version > 5)
    throw new Refusal(`report version ${report.version} is not supported, only 2 to 5`)
  return report
}

export function requireAlgorithm(report: SnpReport): SnpReport {
  const { signatureAlgorithm } = report
  if (signatureAlgorithm !== 1)
    throw new Refusal(`signature algorithm ${signatureAlgorithm} is not ECDSA P-384 with SHA-384 (1)`)
  return report
}
