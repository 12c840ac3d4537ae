import type { Policy } from '../policy/policy.ts'
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

const tolerated = { debug: DEBUG, migratable: MIGRATABLE, perfmon: PERFMON }

/** Refuses an attribute that is set and that the policy does not tolerate. */
export function requireUnset(attributes: bigint, name: keyof typeof tolerated, policy: Policy['td']): void {
  if (attributes & tolerated[name] && !policy[name]) throw new Refusal(`the TD attribute ${name} is set`)
}
