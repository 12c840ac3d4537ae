import { gcm } from '@noble/ciphers/aes.js'

type Bytes = Uint8Array<ArrayBuffer>

/** Bytes that GCM adds to a segment. */
export const TAG_SIZE = 16

/** The work that is done on every byte of a model. Results are the same whoever does it. */
export interface CryptoProvider {
  /** AES-256-GCM: fills `into` (16 bytes longer than `plain`) with ciphertext and tag. */
  encrypt(key: Bytes, nonce: Bytes, aad: Bytes, plain: Uint8Array, into: Uint8Array): void | Promise<void>
  /**
   * AES-256-GCM: fills `into` (16 bytes shorter than `sealed`) with plaintext.
   * @throws any error when the tag does not match; `into` then holds zeros
   */
  decrypt(key: Bytes, nonce: Bytes, aad: Bytes, sealed: Uint8Array, into: Uint8Array): void | Promise<void>
}

/** Runs everywhere; slow (about 50 MiB/s) and the oracle of the fast ones in tests. */
export const nobleCrypto: CryptoProvider = {
  encrypt(key, nonce, aad, plain, into) {
    into.set(gcm(key, nonce, aad).encrypt(plain))
  },
  decrypt(key, nonce, aad, sealed, into) {
    try {
      into.set(gcm(key, nonce, aad).decrypt(sealed))
    } catch (error) {
      into.fill(0)
      throw error
    }
  },
}

/** The platform's WebCrypto: browsers, Deno, Bun, workers. Does not take shared memory. */
export const webCrypto: CryptoProvider = {
  async encrypt(key, iv, additionalData, plain, into) {
    const aesKey = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt'])
    into.set(
      new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, aesKey, plain as Bytes)),
    )
  },
  async decrypt(key, iv, additionalData, sealed, into) {
    const aesKey = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt'])
    try {
      const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, aesKey, sealed as Bytes)
      into.set(new Uint8Array(plain))
      new Uint8Array(plain).fill(0)
    } catch (error) {
      into.fill(0)
      throw error
    }
  },
}
