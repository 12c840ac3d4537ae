import { createHash } from 'node:crypto'
import { concatBytes, utf8 } from '@dcml/protocol'
import { type RtmrEvent, replay } from './rtmr.ts'

/** Measurements of a boot image, in the shape in which a policy allow-lists it. */
export interface ImageMeasurements {
  readonly mrtd: Uint8Array
  readonly rtmr0: Uint8Array
  readonly rtmr1: Uint8Array
  readonly rtmr2: Uint8Array
  readonly label: string
}

const stages: readonly RtmrEvent[] = [
  { imr: 0, event: 'firmware', payload: utf8('DEVELOPMENT') },
  { imr: 1, event: 'kernel', payload: utf8('DEVELOPMENT') },
  { imr: 2, event: 'root-filesystem', payload: utf8('DEVELOPMENT') },
]

const [rtmr0, rtmr1, rtmr2] = replay(stages)

/** The boot image that every simulated TEE claims to have started. */
export const developmentImage: ImageMeasurements = {
  mrtd: new Uint8Array(createHash('sha384').update('DEVELOPMENT MRTD').digest()),
  rtmr0,
  rtmr1,
  rtmr2,
  label: 'DEVELOPMENT',
}

/** What a boot measures before the workload runs: the image, then which workload it will run. */
export const bootEvents = (imageH: Uint8Array): RtmrEvent[] => [...stages, { imr: 3, event: 'image', payload: imageH }]

/** MRCONFIGID of a workload: 0x01, the image hash, zeros. */
export const mrConfigId = (imageH: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(1), imageH, new Uint8Array(15))
