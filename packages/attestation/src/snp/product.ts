import type { SnpProduct, SnpTcb } from '../policy/policy.ts'
import { Refusal } from '../x509/der.ts'
import type { SnpReport } from './report.ts'

/** Processor families by CPUID family and range of models (AMD 57230, VCEK certificate and KDS interface). */
const FAMILIES: readonly { family: number; from: number; until: number; product: SnpProduct }[] = [
  { family: 0x19, from: 0x00, until: 0x0f, product: 'Milan' },
  { family: 0x19, from: 0x10, until: 0x1f, product: 'Genoa' },
  { family: 0x19, from: 0xa0, until: 0xaf, product: 'Genoa' }, // Bergamo and Siena
  { family: 0x1a, from: 0x00, until: 0x1f, product: 'Turin' },
]

/** The family that a report names from version 3 on. */
export const reportedProduct = ({ cpuid }: SnpReport): SnpProduct | undefined =>
  FAMILIES.find(({ family, from, until }) => family === cpuid?.family && from <= cpuid.model && cpuid.model <= until)
    ?.product

/** The family that the report names, or up to version 2 its certificate, which has to agree where both do. */
export function readProduct(report: SnpReport, certified: string): SnpProduct {
  const product = FAMILIES.find(({ product }) => certified === product || certified.startsWith(`${product}-`))?.product
  if (!product) throw new Refusal(`the VEK certificate is for ${certified}, an unknown processor family`)
  const { cpuid } = report
  if (!cpuid) return product
  const { family, model } = cpuid
  const reported = reportedProduct(report)
  if (reported !== product)
    throw new Refusal(
      `the report is of ${reported ?? `processor family ${family}, model ${model}`}, the VEK certificate for ${product}`,
    )
  return product
}

/** Byte of each component in an encoded TCB version (ABI table TCB_VERSION). */
const LAYOUT = { bootloader: 0, tee: 1, snp: 6, microcode: 7 }
const TURIN_LAYOUT = { fmc: 0, bootloader: 1, tee: 2, snp: 3, microcode: 7 }
/** Bytes that the layout leaves unused. */
const RESERVED = [2, 3, 4, 5]
const TURIN_RESERVED = [4, 5, 6]

/** Reads an encoded TCB version of 8 bytes. */
export function readTcb(encoded: Uint8Array, product: SnpProduct): SnpTcb {
  const layout: Readonly<Record<string, number>> = product === 'Turin' ? TURIN_LAYOUT : LAYOUT
  const components = Object.entries(layout).map(([component, at]) => [component, encoded[at]!])
  return Object.fromEntries(components) as unknown as SnpTcb
}

export function requireTcbReserved(encoded: Uint8Array, product: SnpProduct): void {
  if ((product === 'Turin' ? TURIN_RESERVED : RESERVED).some((at) => encoded[at] !== 0))
    throw new Refusal('reserved bytes of a TCB version are not zero')
}

const COMPONENTS = ['fmc', 'bootloader', 'tee', 'snp', 'microcode'] as const

/** Names of the components in which `tcb` is below `least`; one that is left out counts as 0. */
export const componentsBelow = (tcb: SnpTcb, least: SnpTcb): string[] =>
  COMPONENTS.filter((component) => (tcb[component] ?? 0) < (least[component] ?? 0))

export const formatTcb = (tcb: SnpTcb): string =>
  COMPONENTS.filter((component) => tcb[component] !== undefined)
    .map((component) => `${component} ${tcb[component]}`)
    .join(', ')
