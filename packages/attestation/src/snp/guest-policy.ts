import { Refusal } from '../x509/der.ts'
import type { SnpReport } from './report.ts'

/** Bits of GUEST_POLICY (SEV-SNP Firmware ABI, table GUEST_POLICY). The lowest 16 are the least ABI version. */
const bit = (n: number) => 1n << BigInt(n)
const ALWAYS_SET = bit(17)
/** SINGLE_SOCKET, and from MEM_AES_256_XTS to PAGE_SWAP_DISABLE: what the owner asks of the platform. */
const HARMLESS = bit(20) | bit(22) | bit(23) | bit(24) | bit(25)
/** What a guest's owner may have allowed the host, and a verifier's policy may tolerate. */
const WEAKENING = { smt: bit(16), migrate: bit(18), debug: bit(19), cxl: bit(21) } as const
const DEFINED = Object.values(WEAKENING).reduce((all, one) => all | one, 0xffffn | ALWAYS_SET | HARMLESS)

export function requirePolicyReserved({ policy }: SnpReport): void {
  if (policy & ~DEFINED) throw new Refusal('reserved bits of the guest policy are set')
  if (!(policy & ALWAYS_SET)) throw new Refusal('bit 17 of the guest policy, which has to be set, is not')
}

/** Whether a guest's owner allowed the host this. */
export const isAllowed = ({ policy }: SnpReport, name: keyof typeof WEAKENING): boolean =>
  (policy & WEAKENING[name]) !== 0n

export function requireForbidden(report: SnpReport, name: keyof typeof WEAKENING): void {
  if (isAllowed(report, name)) throw new Refusal(`the guest policy allows ${name}`)
}
