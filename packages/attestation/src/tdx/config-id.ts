import { concatBytes, equalBytes } from '@dcml/protocol'

/** MRCONFIGID of a TD that runs an image manifest: 0x01, imageH, 15 zero bytes (as dstack lays it out). */
export const mrConfigId = (imageH: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(1), imageH, new Uint8Array(15))

/** Tells whether an MRCONFIGID names an image manifest. */
export type NamesImage = (configId: Uint8Array, imageH: Uint8Array) => boolean

/** The form that holds the hash itself. */
export const namesImage: NamesImage = (configId, imageH) => equalBytes(configId, mrConfigId(imageH))
