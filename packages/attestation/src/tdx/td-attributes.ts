import { Refusal } from '../x509/der.ts'
import type { TdReport } from './quote.ts'

/** Bits of TDATTRIBUTES (Intel TDX DCAP quoting library API, A.3.4). */
const bit = (n: number) => 1n << BigInt(n)
const DEBUG = bit(0)
const SEPT_VE_DISABLE = bit(28)
const MIGRATABLE = bit(29)
const PKS = bit(30)
const KL = bit(31)
const PERFMON = bit(63)
const DEFINED = DEBUG | SEPT_VE_DISABLE | MIGRATABLE | PKS | KL | PERFMON

export function readTdAttributes({ tdAttributes }: TdReport): bigint {
  return new DataView(tdAttributes.buffer, tdAttributes.byteOffset, 8).getBigUint64(0, true)
}

export function requireReservedZero(attributes: bigint): void {
  if (attributes & ~DEFINED) throw new Refusal('reserved TD attributes are set')
}

export function requireSeptVeDisable(attributes: bigint): void {
  if (!(attributes & SEPT_VE_DISABLE)) throw new Refusal('SEPT_VE_DISABLE is not set')
}

/** Attributes that weaken a TD, which a policy may tolerate. */
const WEAKENING = { debug: DEBUG, migratable: MIGRATABLE, perfmon: PERFMON } as const

/** Whether a TD was started with this attribute. */
export const isSet = (attributes: bigint, name: keyof typeof WEAKENING): boolean =>
  (attributes & WEAKENING[name]) !== 0n

export function requireUnset(attributes: bigint, name: keyof typeof WEAKENING): void {
  if (isSet(attributes, name)) throw new Refusal(`the TD attribute ${name} is set`)
}
