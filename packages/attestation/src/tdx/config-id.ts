import { concatBytes } from '@dcml/protocol'

/** MRCONFIGID of a TD that runs an image manifest: 0x01, imageH, 15 zero bytes (as dstack lays it out). */
export const mrConfigId = (imageH: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(1), imageH, new Uint8Array(15))
