import { concatBytes, DcmlError, fromBase64url, fromHex, toBase64url, utf8 } from '@dcml/protocol'
import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core'
import { DhkemX25519HkdfSha256 } from '@hpke/dhkem-x25519'
import type { BoundHeader, ContainerHeader, KeyWrap } from './header.ts'
import { keyId, keyMalformed, publicKeyOf } from './keys.ts'
import { checkCommitment, headerTampered } from './segments.ts'

const hpke = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })

/** HPKE info: a wrap is good for one model and one contract only. modelH has a fixed size, so nothing can slide. */
const wrapInfo = ({ modelH, meta }: BoundHeader): Uint8Array<ArrayBuffer> =>
  concatBytes(utf8('dcml weights v1'), fromHex(modelH, 32), utf8(meta.contract ?? ''))

/**
 * Wraps the content key to a public key: HPKE base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM
 * (RFC 9180).
 * @param ekm randomness of the ephemeral key, 32 bytes; given only by test vectors
 * @throws DcmlError `model_key_malformed`
 */
export async function wrapKey(
  header: BoundHeader,
  cek: Uint8Array<ArrayBuffer>,
  pk: Uint8Array,
  ekm?: Uint8Array<ArrayBuffer>,
): Promise<KeyWrap> {
  const kid = keyId(pk)
  try {
    const recipientPublicKey = await hpke.kem.deserializePublicKey(Uint8Array.from(pk))
    const params = { recipientPublicKey, info: wrapInfo(header), ...(ekm && { ekm }) }
    const { enc, ct } = await hpke.seal(params, cek)
    return { kid, enc: toBase64url(new Uint8Array(enc)), ct: toBase64url(new Uint8Array(ct)) }
  } catch (cause) {
    throw keyMalformed(cause)
  }
}

/**
 * Gets the content key of a container and checks it against the commitment in the header.
 * @returns 32 bytes that the caller zeroes after use
 * @throws DcmlError `container_wrong_key` when nothing is wrapped for this key, `container_header_tampered`
 */
export async function unwrapKey(header: ContainerHeader, sk: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const kid = keyId(publicKeyOf(sk))
  const wrap = header.wraps.find((candidate) => candidate.kid === kid)
  if (wrap === undefined)
    throw new DcmlError('container_wrong_key', 'The container is not sealed to this key.', {
      hint: `Use the secret key of one of: ${header.wraps.map((candidate) => candidate.kid).join(', ')}.`,
      details: { kid },
    })
  let cek: Uint8Array<ArrayBuffer>
  const key = Uint8Array.from(sk)
  try {
    const recipientKey = await hpke.kem.deserializePrivateKey(key)
    const params = { recipientKey, enc: fromBase64url(wrap.enc) as Uint8Array<ArrayBuffer>, info: wrapInfo(header) }
    cek = new Uint8Array(await hpke.open(params, fromBase64url(wrap.ct) as Uint8Array<ArrayBuffer>))
  } catch (cause) {
    throw headerTampered('the content key does not unwrap', cause)
  } finally {
    key.fill(0)
  }
  checkCommitment(header, cek)
  return cek
}
