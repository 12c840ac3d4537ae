// Sizes of sealed messages say nothing but a class: whoever carries them sees one of eleven lengths.
import { DcmlError } from '@dcml/protocol'

/** Smallest class in bytes; each further one is twice the one before. */
const LEAST = 1024

/** What sealing adds: an X25519 key or a nonce of 32 bytes, and the tag of AES-GCM. */
const SEAL = 48

const LENGTH = 4

/** Most bytes that fit into a sealed message of `size` bytes. */
export const roomIn = (size: number): number => size - SEAL - LENGTH

/**
 * Length, message and zeros, so that the sealed message has the size of its class.
 * @param most largest size of the sealed message in bytes, a power of two
 * @throws DcmlError `sealed_too_large`
 */
export function pad(message: Uint8Array, most: number): Uint8Array<ArrayBuffer> {
  if (message.length > roomIn(most))
    throw new DcmlError('sealed_too_large', `${message.length} bytes do not fit into ${most} sealed ones.`, {
      hint: 'Say less, or allow for a longer answer.',
      details: { size: message.length, most },
    })
  let size = LEAST
  while (roomIn(size) < message.length) size *= 2
  const padded = new Uint8Array(size - SEAL)
  new DataView(padded.buffer).setUint32(0, message.length, true)
  padded.set(message, LENGTH)
  return padded
}

/** The message without its padding; undefined where it claims to be longer than it is. */
export function unpad(padded: Uint8Array): Uint8Array | undefined {
  if (padded.length < LENGTH) return undefined
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0, true)
  return length > padded.length - LENGTH ? undefined : padded.subarray(LENGTH, LENGTH + length)
}
