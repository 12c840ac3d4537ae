import { createHash } from 'node:crypto'
import type { RimEntry } from './rim.ts'

/** Chips that are simulated: two GPUs and the NVSwitch between them. */
export type Chip = 'GH100' | 'GB100' | 'LS10'
export type GpuChip = Exclude<Chip, 'LS10'>

/** What NVIDIA says of a chip and of the firmware that runs on it. */
export interface ChipFacts {
  readonly kind: 'gpu' | 'switch'
  /** Chip and processor that signs reports, as certificates name them. */
  readonly signer: string
  readonly driver?: string
  readonly vbios: string
  readonly project: string
  readonly projectSku: string
  readonly chipSku: string
  /** How many measurements a report has. */
  readonly blocks: number
}

export const chips: Readonly<Record<Chip, ChipFacts>> = {
  GH100: {
    kind: 'gpu',
    signer: 'GH100 A01 GSP',
    driver: '590.12',
    vbios: '96.00.A5.00.01',
    project: 'G520',
    projectSku: '0200',
    chipSku: '885',
    blocks: 64,
  },
  GB100: {
    kind: 'gpu',
    signer: 'GB100 A01 FSP',
    driver: '590.12',
    vbios: '97.00.B9.00.73',
    project: 'G525',
    projectSku: '0215',
    chipSku: '895',
    blocks: 64,
  },
  LS10: {
    kind: 'switch',
    signer: 'LS_10 A01 FSP',
    vbios: '96.10.55.00.01',
    project: '5612',
    projectSku: '0002',
    chipSku: '890',
    blocks: 31,
  },
}

/** RIMs always have as many entries as the largest report; those of other firmware are inactive. */
const RIM_ENTRIES = 64
const owned: Readonly<Record<'driver' | 'vbios', readonly number[]>> = {
  driver: [7, ...range(21, 41)],
  vbios: [...range(0, 7), ...range(8, 14)],
}

/** Measurement `index` (zero-based) of a chip's genuine firmware. */
export const measurement = (chip: Chip, index: number): Uint8Array =>
  new Uint8Array(createHash('sha384').update(`DEVELOPMENT ${chip} measurement ${index}`).digest())

/** What a RIM of the genuine firmware says. Some measurements have several good values; the device shows the last. */
export function rimEntries(chip: Chip, firmware: 'driver' | 'vbios'): RimEntry[] {
  const active = new Set(chips[chip].kind === 'switch' ? range(0, chips[chip].blocks) : owned[firmware])
  return range(0, RIM_ENTRIES).map((index) => ({
    index,
    active: active.has(index),
    values: active.has(index)
      ? [...(index % 8 === 0 ? [new Uint8Array(48)] : []), measurement(chip, index)]
      : [new Uint8Array(48)],
  }))
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}
