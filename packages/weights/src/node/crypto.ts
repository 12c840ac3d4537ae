import { createCipheriv, createDecipheriv } from 'node:crypto'
import { type CryptoProvider, TAG_SIZE } from '../crypto.ts'

/**
 * OpenSSL allocates a new buffer for every update. Small ones stay in the processor's cache and in the allocator;
 * measured, 256 KiB is twice as fast as 4 MiB at once.
 */
const PIECE = 262_144

/** OpenSSL through node:crypto: the hot path in Node. */
export const nodeCrypto: CryptoProvider = {
  encrypt(key, nonce, aad, plain, into) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_SIZE }).setAAD(aad)
    for (let at = 0; at < plain.length; at += PIECE) into.set(cipher.update(plain.subarray(at, at + PIECE)), at)
    cipher.final()
    into.set(cipher.getAuthTag(), plain.length)
  },
  decrypt(key, nonce, aad, sealed, into) {
    const end = sealed.length - TAG_SIZE
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_SIZE })
    decipher.setAAD(aad).setAuthTag(sealed.subarray(end))
    for (let at = 0; at < end; at += PIECE) {
      const piece = decipher.update(sealed.subarray(at, Math.min(at + PIECE, end)))
      into.set(piece, at)
      piece.fill(0)
    }
    try {
      decipher.final()
    } catch (error) {
      into.fill(0)
      throw error
    }
  },
}
