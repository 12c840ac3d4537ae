import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'
import { concatBytes, utf8 } from '@dcml/protocol'

const FORMAT = 'dcml/sealed/1'
const SALT = 32
const TAG = 16
/** Each message has a key of its own, so one nonce does for all. */
const NONCE = new Uint8Array(12)

/** Encrypts for one purpose, so that only an enclave with the same sealing key reads it. */
export interface Sealer {
  seal(plain: Uint8Array): Uint8Array
  /** @returns undefined for what was not sealed with this key for this purpose, byte for byte */
  open(sealed: Uint8Array): Uint8Array | undefined
}

/**
 * AES-256-GCM; salt (32 bytes), ciphertext, tag (16 bytes). The key of a message comes from an HMAC of its content and
 * not from a random number: copies of a machine draw the same random numbers, and GCM must never see two messages under
 * one key and nonce. Equal messages seal to equal bytes.
 * @param sealingKey 32 bytes of `TeeBackend.sealingKey`
 */
export function sealer(sealingKey: Uint8Array, purpose: string): Sealer {
  const derive = (use: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', sealingKey, FORMAT, `${purpose} ${use}`, 32))
  const [contentKey, messageKey] = [derive('content'), derive('message')]
  const associated = utf8(`${FORMAT} ${purpose}`)
  const hmac = (key: Uint8Array, data: Uint8Array): Uint8Array => createHmac('sha256', key).update(data).digest()

  return {
    seal(plain) {
      const salt = hmac(contentKey, plain)
      const cipher = createCipheriv('aes-256-gcm', hmac(messageKey, salt), NONCE).setAAD(associated)
      return concatBytes(salt, cipher.update(plain), cipher.final(), cipher.getAuthTag())
    },
    open(sealed) {
      if (sealed.length < SALT + TAG) return undefined
      const key = hmac(messageKey, sealed.subarray(0, SALT))
      const decipher = createDecipheriv('aes-256-gcm', key, NONCE, { authTagLength: TAG }).setAAD(associated)
      decipher.setAuthTag(sealed.subarray(-TAG))
      const plain = decipher.update(sealed.subarray(SALT, -TAG))
      try {
        return concatBytes(plain, decipher.final())
      } catch {
        return undefined
      }
    },
  }
}
