import { createPrivateKey, hkdfSync, type KeyObject, sign } from 'node:crypto'
import { toBase64url, utf8 } from '@dcml/protocol'
import { p256 } from '@noble/curves/nist.js'

/** A P-256 key pair that anyone who has the seed can derive. */
export interface KeyPair {
  readonly secretKey: Uint8Array
  /** x || y, 64 bytes. */
  readonly point: Uint8Array<ArrayBuffer>
}

/** One key per label, from the seed alone, so that every process on a development machine shares one PKI. */
export function deriveKey(seed: Uint8Array, label: string): KeyPair {
  const secretKey = p256.utils.randomSecretKey(derive(seed, `key ${label}`, p256.lengths.seed!))
  return { secretKey, point: p256.getPublicKey(secretKey, false).slice(1) }
}

/** Bytes that depend on the seed and a label only: serial numbers, platform ids. */
export const derive = (seed: Uint8Array, label: string, length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(hkdfSync('sha256', seed, 'dcml/tee-simulator/1', utf8(label), length))

/** ECDSA with SHA-256, deterministic (RFC 6979), r || s: the same bytes in every process. */
export const signRaw = (key: KeyPair, message: Uint8Array): Uint8Array => p256.sign(message, key.secretKey)

/** As {@link signRaw}, in the DER form that certificates carry. */
export const signDer = (key: KeyPair, message: Uint8Array): Uint8Array =>
  p256.Signature.fromBytes(signRaw(key, message)).toBytes('der')

/** OpenSSL's signer for quotes, which need not be reproducible and are minted often: 15 times as fast. */
export function fastSigner(key: KeyPair): (message: Uint8Array) => Uint8Array {
  const [x, y] = [key.point.subarray(0, 32), key.point.subarray(32)].map(toBase64url)
  const jwk = { kty: 'EC', crv: 'P-256', x: x!, y: y!, d: toBase64url(key.secretKey) }
  const privateKey: KeyObject = createPrivateKey({ key: jwk, format: 'jwk' })
  return (message) => sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })
}
