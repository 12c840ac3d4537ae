import type { ed25519 as Noble } from '@noble/curves/ed25519.js'

/**
 * Checks an Ed25519 signature (RFC 8032) over the platform's WebCrypto, or over noble where the platform lacks
 * Ed25519 or serves an insecure origin: that is loaded only then, for it is larger than all the rest of a verifier.
 * @param publicKey 32 bytes @param signature 64 bytes
 * @returns false for a wrong signature and for keys or signatures of wrong length
 */
export const verifyEd25519 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> =>
  ed25519Verifier(publicKey)(message, signature)

/** Checks signatures of one key: false for a wrong one, and for one or a key of wrong length. */
export type Ed25519Check = (message: Uint8Array, signature: Uint8Array) => boolean | Promise<boolean>

/** {@link verifyEd25519} for a key that signs often: the platform reads it once. */
export function ed25519Verifier(
  publicKey: Uint8Array,
): (message: Uint8Array, signature: Uint8Array) => Promise<boolean> {
  const raw = Uint8Array.from(publicKey)
  const subtle = globalThis.crypto?.subtle as typeof globalThis.crypto.subtle | undefined
  const read = () => subtle?.importKey('raw', raw, 'Ed25519', false, ['verify'])
  let key: ReturnType<typeof read> | undefined
  return async (message, signature) => {
    if (raw.length !== 32 || signature.length !== 64) return false
    if (subtle !== undefined) {
      try {
        key ??= read()
        return await subtle.verify('Ed25519', (await key)!, Uint8Array.from(signature), Uint8Array.from(message))
      } catch {
        // no Ed25519 on this platform, or a key it cannot read: noble decides
      }
    }
    const { ed25519 } = await import('@noble/curves/ed25519.js')
    return verifyStrictly(ed25519, raw, message, signature)
  }
}

/** By the rules of RFC 8032 and no laxer ones, as WebCrypto does. */
export function verifyStrictly(
  curve: Pick<typeof Noble, 'verify'>,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  try {
    return curve.verify(signature, message, publicKey, { zip215: false })
  } catch {
    return false
  }
}

/** Signs a message with a key it keeps to itself. */
export interface Signer {
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array
  /** 64-byte Ed25519 signature. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>
}
