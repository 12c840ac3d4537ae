import { type KeyObject, randomBytes, sign } from 'node:crypto'

// An X.509 certificate (RFC 5280) is what TLS wants around a key. Nobody verifies it: the key itself is in the quote,
// or registered with a contract.

const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts)
  const { length } = content
  const prefix = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...prefix]), content])
}
const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, ...parts)
/** How a key of each kind signs: RFC 5758 §3.2, RFC 8410 §3. */
const ALGORITHMS: Readonly<Record<string, { readonly id: Buffer; readonly digest: string | null }>> = {
  ec: { id: sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex'))), digest: 'sha256' },
  ed25519: { id: sequence(der(0x06, Buffer.from('2b6570', 'hex'))), digest: null },
}
const COMMON_NAME = der(0x06, Buffer.from('550403', 'hex'))
const V3 = der(0xa0, der(0x02, Buffer.of(2)))

/** RFC 5280 §4.1.2.5: GeneralizedTime, to the second. */
const time = (at: Date): Buffer => der(0x18, Buffer.from(`${at.toISOString().replace(/[-:T]|\.\d+/g, '')}`))

/**
 * A self-signed certificate, in PEM, for a P-256 or Ed25519 key. It never expires: what vouches for the key does.
 * @param key private half, that signs @param publicKey the same key's public half
 */
export function selfSignedCertificate(
  key: KeyObject,
  publicKey: KeyObject,
  commonName: string,
  notBefore: Date,
): string {
  const { id, digest } = ALGORITHMS[key.asymmetricKeyType!]!
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(commonName)))))
  const serial = randomBytes(16)
  serial[0] = (serial[0]! & 0x3f) | 0x40
  const body = sequence(
    V3,
    der(0x02, serial),
    id,
    name,
    sequence(time(notBefore), der(0x18, Buffer.from('99991231235959Z'))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = sign(digest, body, key)
  const certificate = sequence(body, id, der(0x03, Buffer.of(0), signature))
  return `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64').replace(/.{64}(?!$)/g, '$&\n')}\n-----END CERTIFICATE-----\n`
}
