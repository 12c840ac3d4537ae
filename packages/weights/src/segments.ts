import { concatBytes, DcmlError, equalBytes, fromBase64url, utf8 } from '@dcml/protocol'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { CryptoProvider } from './crypto.ts'
import { type BoundHeader, boundHash } from './header.ts'
import { segmentCount } from './layout.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** Commitment to the content key: one ciphertext cannot be made to open under two keys (GCM alone does not commit). */
export const keyCommitment = (cek: Uint8Array, salt: Uint8Array): Uint8Array =>
  hkdf(sha256, cek, salt, utf8('dcmw commit'), 32)

/**
 * Nonce of a segment in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): 7 bytes of prefix, the
 * index as u32 big endian, 1 for the last segment and else 0. Index and last flag stop reordering and truncation.
 */
export function segmentNonce(prefix: Uint8Array, index: number, last: boolean): Bytes {
  const nonce = new Uint8Array(12)
  nonce.set(prefix)
  new DataView(nonce.buffer).setUint32(7, index)
  nonce[11] = last ? 1 : 0
  return nonce
}

/**
 * Seals and opens single segments of one container, in any order. The key is derived from the content key, the salt
 * and the hash of the header without wraps; that hash is also the associated data.
 */
export class SegmentCipher {
  readonly #crypto: CryptoProvider
  readonly #key: Bytes
  readonly #aad: Bytes
  readonly #prefix: Uint8Array
  readonly #segments: number

  /** @param cek content key, 32 bytes; the caller still owns it and zeroes it */
  constructor(header: BoundHeader, cek: Uint8Array, crypto: CryptoProvider) {
    this.#crypto = crypto
    this.#aad = boundHash(header)
    this.#prefix = fromBase64url(header.noncePrefix)
    this.#segments = segmentCount(header.plainSize, header.segSize)
    const info = concatBytes(utf8('dcmw seg'), this.#aad)
    this.#key = Uint8Array.from(hkdf(sha256, cek, fromBase64url(header.salt), info, 32))
  }

  /** Fills `into`, 16 bytes longer than `plain`. */
  seal(index: number, plain: Uint8Array, into: Uint8Array): void | Promise<void> {
    return this.#crypto.encrypt(this.#key, this.#nonce(index), this.#aad, plain, into)
  }

  /**
   * Fills `into`, 16 bytes shorter than `sealed`.
   * @throws DcmlError `container_segment_tampered`; `into` then holds no plaintext
   */
  async open(index: number, sealed: Uint8Array, into: Uint8Array): Promise<void> {
    try {
      await this.#crypto.decrypt(this.#key, this.#nonce(index), this.#aad, sealed, into)
    } catch (cause) {
      throw new DcmlError('container_segment_tampered', `Segment ${index} of the container was changed.`, {
        hint: 'Fetch the container again from a source you trust; nothing of this segment was used.',
        details: { segment: index },
        cause,
      })
    }
  }

  /** Zeroes the segment key; the cipher cannot be used afterwards. */
  destroy(): void {
    this.#key.fill(0)
  }

  #nonce(index: number): Bytes {
    return segmentNonce(this.#prefix, index, index === this.#segments - 1)
  }
}

/** @throws DcmlError `container_header_tampered` when the content key is not the one the header commits to */
export function checkCommitment(header: BoundHeader, cek: Uint8Array): void {
  if (!equalBytes(keyCommitment(cek, fromBase64url(header.salt)), fromBase64url(header.commit)))
    throw headerTampered('the header commits to another content key')
}

export const headerTampered = (why: string, cause?: unknown): DcmlError =>
  new DcmlError('container_header_tampered', `The header of the container was changed: ${why}.`, {
    hint: 'Fetch the container again from a source you trust.',
    cause,
  })
