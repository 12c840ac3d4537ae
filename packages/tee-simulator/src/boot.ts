import { createHash } from 'node:crypto'
import { concatBytes, toHex, utf8 } from '@dcml/protocol'
import { type RtmrEvent, replay } from './rtmr.ts'

/** Measurements of a boot image in lower-case hex, as the `images` of a policy list them. */
export interface ImageMeasurements {
  readonly mrtd: string
  readonly rtmr0: string
  readonly rtmr1: string
  readonly rtmr2: string
  readonly label: string
}

const stages: readonly RtmrEvent[] = [
  { imr: 0, event: 'firmware', payload: utf8('DEVELOPMENT') },
  { imr: 1, event: 'kernel', payload: utf8('DEVELOPMENT') },
  { imr: 2, event: 'root-filesystem', payload: utf8('DEVELOPMENT') },
]

const [rtmr0, rtmr1, rtmr2] = replay(stages).map(toHex) as [string, string, string]

/** The boot image that every simulated TEE claims to have started. */
export const developmentImage: ImageMeasurements = {
  mrtd: createHash('sha384').update('DEVELOPMENT MRTD').digest('hex'),
  rtmr0,
  rtmr1,
  rtmr2,
  label: 'DEVELOPMENT',
}

/** What a boot measures: itself, which workload it will run, and that it is done. */
export const bootEvents = (imageH: Uint8Array): RtmrEvent[] => [
  ...stages,
  { imr: 3, event: 'image', payload: imageH.slice() },
  { imr: 3, event: 'ready', payload: new Uint8Array() },
]

/** MRCONFIGID of a workload: 0x01, the image hash, zeros. */
export const mrConfigId = (imageH: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(1), imageH, new Uint8Array(15))
