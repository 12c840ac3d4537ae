// What raises a security version number, in the words that Intel's TCB info has for its components.
import type { TcbLevel } from './collateral.ts'

/** Who has to act, as a stable word. */
export type RemedyKind =
  | 'bios'
  | 'microcode'
  | 'txt-sinit'
  | 'seam-loader'
  | 'tdx-module'
  | 'pce'
  | 'quoting-enclave'
  | 'relaunch'
  | 'unknown'

/** What to do about a security version number that is short. */
export interface Remedy {
  readonly kind: RemedyKind
  /** One line for the operator. */
  readonly text: string
}

const TEXTS: Readonly<Record<RemedyKind, string>> = {
  bios: 'Update the BIOS; it carries the early microcode and the modules that are loaded at start.',
  microcode: "Update the microcode package of the host's operating system, and restart; a newer BIOS may carry it too.",
  'txt-sinit': 'Update the SINIT module that the host loads.',
  'seam-loader': 'Update the SEAM loader (SEAMLDR) that the host loads.',
  'tdx-module': 'Update the TDX module on the host, then launch the TD anew.',
  pce: 'Update the PCE of the SGX DCAP packages on the host, then fetch a new PCK certificate.',
  'quoting-enclave': 'Update the TD quoting enclave of the SGX DCAP packages on the host.',
  relaunch: 'Launch the TD anew: the host has been updated since this TD was launched.',
  unknown: "Ask the platform's maker: Intel does not say what this component is.",
}

export const remedy = (kind: RemedyKind): Remedy => ({ kind, text: TEXTS[kind] })

type Component = TcbLevel['tcb']['sgxtcbcomponents'][number]

const BY_TYPE: ReadonlyMap<string, RemedyKind> = new Map([
  ['early microcode update', 'bios'],
  ['sgx late microcode update', 'microcode'],
  ['tdx late microcode update', 'microcode'],
  ['txt sinit', 'txt-sinit'],
  ['seamldr acm', 'seam-loader'],
  ['tdx module', 'tdx-module'],
])

/** By the component's type, else by its category: Intel names both only where it wants to. */
export function remedyOf({ category, type }: Pick<Component, 'category' | 'type'>): Remedy {
  const kind = BY_TYPE.get(type.toLowerCase())
  return remedy(kind ?? (category.toUpperCase() === 'BIOS' ? 'bios' : 'unknown'))
}
