import { createHash, createPrivateKey, hkdfSync, type KeyObject, sign } from 'node:crypto'
import { concatBytes, toBase64url, utf8 } from '@dcml/protocol'
import { p256, p384 } from '@noble/curves/nist.js'

const curves = { p256, p384 }

/** Hashes that ECDSA signs. */
export type Hash = 'sha256' | 'sha384'

const ownHash = { p256: 'sha256', p384: 'sha384' } as const

/** A key pair on P-256 or P-384 that anyone who has the seed can derive. */
export interface KeyPair {
  readonly kind: keyof typeof curves
  readonly secretKey: Uint8Array
  /** x || y, 64 or 96 bytes. */
  readonly point: Uint8Array<ArrayBuffer>
}

/** One key per label, from the seed alone, so that every process on a development machine shares one PKI. */
export const deriveKey = (seed: Uint8Array, label: string, kind: KeyPair['kind'] = 'p256'): KeyPair =>
  keep(keys, [seed, utf8(`${kind} ${label}`)], () => {
    const curve = curves[kind]
    const secretKey = curve.utils.randomSecretKey(derive(seed, `key ${label}`, curve.lengths.seed!))
    return { kind, secretKey, point: curve.getPublicKey(secretKey, false).slice(1) }
  })

/** Bytes that depend on the seed and a label only: serial numbers, platform ids. */
export const derive = (seed: Uint8Array, label: string, length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(hkdfSync('sha256', seed, 'dcml/tee-simulator/1', utf8(label), length))

/** ECDSA, with the curve's hash unless another is named, deterministic (RFC 6979), r || s: the same bytes in every process. */
export const signRaw = ({ kind, secretKey }: KeyPair, message: Uint8Array, hash: Hash = ownHash[kind]): Uint8Array =>
  keep(signatures, [concatBytes(utf8(hash), secretKey), message], () =>
    curves[kind].sign(createHash(hash).update(message).digest(), secretKey, { prehash: false }),
  ).slice()

/** As {@link signRaw}, in the DER form that certificates carry. */
export const signDer = (key: KeyPair, message: Uint8Array, hash?: Hash): Uint8Array =>
  curves[key.kind].Signature.fromBytes(signRaw(key, message, hash)).toBytes('der')

/** OpenSSL's signer for quotes and reports, which need not be reproducible and are minted often: 15 times as fast. */
export function fastSigner(key: KeyPair): (message: Uint8Array) => Uint8Array {
  const half = key.point.length / 2
  const [x, y] = [key.point.subarray(0, half), key.point.subarray(half)].map(toBase64url)
  const hash = ownHash[key.kind]
  const jwk = { kty: 'EC', crv: key.kind === 'p256' ? 'P-256' : 'P-384', x: x!, y: y!, d: toBase64url(key.secretKey) }
  const privateKey: KeyObject = createPrivateKey({ key: jwk, format: 'jwk' })
  return (message) => sign(hash, message, { key: privateKey, dsaEncoding: 'ieee-p1363' })
}

// Attacks change one thing and sign all the rest again: what is deterministic need not be computed twice.
const keys = new Map<string, KeyPair>()
const signatures = new Map<string, Uint8Array>()
const MOST_KEPT = 4096

/** What was computed from these inputs before, or computed now. */
export function keep<T>(kept: Map<string, T>, inputs: readonly [Uint8Array, Uint8Array], compute: () => T): T {
  const id = createHash('sha256').update(`${inputs[0].length},`).update(inputs[0]).update(inputs[1]).digest('base64')
  const known = kept.get(id)
  if (known !== undefined) return known
  if (kept.size >= MOST_KEPT) kept.clear()
  const value = compute()
  kept.set(id, value)
  return value
}
