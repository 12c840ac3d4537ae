import { equalBytes, toHex } from '@dcml/protocol'
import type { Policy, SnpImage, SnpProduct, SnpTcb } from '../policy/policy.ts'
import { Refusal } from '../x509/der.ts'
import { componentsBelow, formatTcb } from './product.ts'
import type { SnpReport } from './report.ts'
import type { Vek } from './vek.ts'

/** Kinds of keys that sign reports. */
export type SnpSigner = 'VCEK' | 'VLEK'

/** @throws Refusal for an unsigned report, and for one of a VLEK where the policy wants the chip's own key */
export function requireSigner({ signingKey, maskChipKey }: SnpReport, policy: Policy['snp']): SnpSigner {
  if (signingKey === 1) {
    if (!policy.vlek) throw new Refusal('signed by a VLEK, a key of the cloud provider; the policy wants a VCEK')
    return 'VLEK'
  }
  if (signingKey === 7) throw new Refusal('the report is not signed')
  if (signingKey !== 0) throw new Refusal(`signing key ${signingKey} is neither a VCEK (0) nor a VLEK (1)`)
  if (maskChipKey) throw new Refusal('signed by a VCEK that the host had turned off')
  return 'VCEK'
}

/** A VCEK names its chip, a VLEK the provider that it was given to. */
export function requireKind({ hwId, cspId }: Vek, signer: SnpSigner): void {
  const kind = hwId && !cspId ? 'VCEK' : cspId && !hwId ? 'VLEK' : undefined
  if (kind !== signer)
    throw new Refusal(`the report is signed by a ${signer}, the certificate is of ${kind ? `a ${kind}` : 'neither'}`)
}

/** From Turin on the id has 8 bytes, padded with zeros in the report. */
export function padHwId(hwId: Uint8Array, product: SnpProduct): Uint8Array {
  if (hwId.length !== (product === 'Turin' ? 8 : 64))
    throw new Refusal(`hwID has ${hwId.length} bytes, which a ${product} does not have`)
  const padded = new Uint8Array(64)
  padded.set(hwId)
  return padded
}

export const isMasked = ({ chipId }: SnpReport): boolean => chipId.every((byte) => byte === 0)

export function requireSameTcb(reported: SnpTcb, certified: SnpTcb): void {
  const differing = [...componentsBelow(reported, certified), ...componentsBelow(certified, reported)]
  if (differing.length > 0)
    throw new Refusal(`the report states ${formatTcb(reported)}, the VEK was derived for ${formatTcb(certified)}`)
}

export function requireTcb(tcb: SnpTcb, product: SnpProduct, { minTcb }: Policy['snp']): void {
  const least = minTcb[product]
  if (!least) throw new Refusal(`the policy accepts no TCB of ${product}`)
  const below = componentsBelow(tcb, least)
  if (below.length > 0)
    throw new Refusal(`${formatTcb(tcb)} is below the least accepted, ${formatTcb(least)} (${below.join(', ')})`)
}

export function requireBootImage({ measurement }: SnpReport, images: readonly SnpImage[]): void {
  const measured = toHex(measurement)
  if (!images.some(({ snpMeasurement }) => snpMeasurement === measured))
    throw new Refusal(`MEASUREMENT ${measured} is no accepted boot image`)
}

export function requireHostData({ hostData }: SnpReport, accepted: readonly string[]): void {
  if (!accepted.includes(toHex(hostData)))
    throw new Refusal(`HOST_DATA ${toHex(hostData)} names no accepted image manifest`)
}

export function requireChip(certified: Uint8Array, { chipId }: SnpReport): void {
  if (!equalBytes(certified, chipId))
    throw new Refusal(`the report is of chip ${toHex(chipId)}, the VEK certificate for ${toHex(certified)}`)
}
