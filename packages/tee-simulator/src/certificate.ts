import { createHash } from 'node:crypto'
import { concatBytes } from '@dcml/protocol'
import * as der from './der.ts'
import { type Hash, type KeyPair, signDer } from './keys.ts'
import { type RsaKey, signPss } from './snp/rsa.ts'

/** A key that certifies. */
export type SigningKey = KeyPair | RsaKey

/** An ECDSA signature with another hash than the curve's own: the one it names and the one it was made with. */
export interface OtherHash {
  readonly named: Hash
  readonly used: Hash
}

/** Everything inside a certificate, as plain data that an attack can bend before it is signed. */
export interface CertificateTemplate<Key extends SigningKey = KeyPair> {
  subject: Name
  issuer: Name
  serial: Uint8Array
  notBefore: Date
  notAfter: Date
  key: Key
  signer: Key
  hash?: OtherHash
  extensions: Extension[]
}

/** A common name, or one with the serial number of a device. */
export type Name = string | { commonName: string; serialNumber: string }

export interface Extension {
  oid: string
  critical?: boolean
  value: Uint8Array
}

/** Everything inside a certificate revocation list. */
export interface CrlTemplate<Key extends SigningKey = KeyPair> {
  issuer: Name
  thisUpdate: Date
  nextUpdate: Date
  /** Serial numbers. */
  revoked: Uint8Array[]
  signer: Key
  hash?: OtherHash
  extensions: Extension[]
}

export const OID = {
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  subjectKeyIdentifier: '2.5.29.14',
  authorityKeyIdentifier: '2.5.29.35',
  crlNumber: '2.5.29.20',
  crlDistributionPoints: '2.5.29.31',
  sgx: '1.2.840.113741.1.13.1',
  /** Marks a certificate as worthless outside development; the value is the UTF8String "DEVELOPMENT". */
  development: '1.3.6.1.4.1.58888.1.1',
} as const

/** By kind of key: its curve (RFC 5480 §2.1.1) and the hash it signs with. */
const algorithms = {
  p256: { hash: 'sha256', curve: '1.2.840.10045.3.1.7' },
  p384: { hash: 'sha384', curve: '1.3.132.0.34' },
} as const
/** ECDSA by hash (RFC 5758 §3.2). */
const ecdsa = { sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3' } as const
const uncompressed = Uint8Array.of(4)

const sha384 = der.sequence(der.oid('2.16.840.1.101.3.4.2.2'), der.tlv(0x05))
/** RSASSA-PSS (RFC 4055 §3.1) with the parameters of AMD's certificates. */
const pss = der.sequence(
  der.oid('1.2.840.113549.1.1.10'),
  der.sequence(
    der.explicit(0, sha384),
    der.explicit(1, der.sequence(der.oid('1.2.840.113549.1.1.8'), sha384)),
    der.explicit(2, der.integer(48)),
  ),
)

/** AlgorithmIdentifier of what `key` signs. */
export const signatureAlgorithm = (key: SigningKey, hash?: OtherHash): der.Der =>
  key.kind === 'rsa' ? pss : der.sequence(der.oid(ecdsa[hash?.named ?? algorithms[key.kind].hash]))

/** SubjectPublicKeyInfo. */
export const publicKeyInfo = (key: SigningKey): der.Der =>
  key.kind === 'rsa'
    ? key.publicKeyInfo
    : der.sequence(
        der.sequence(der.oid('1.2.840.10045.2.1'), der.oid(algorithms[key.kind].curve)),
        der.bitString(concatBytes(uncompressed, key.point)),
      )

export const basicConstraints = (ca: boolean, pathLength?: number): Extension => ({
  oid: OID.basicConstraints,
  critical: true,
  value: der.sequence(
    ...(ca ? [der.boolean(true)] : []),
    ...(pathLength === undefined ? [] : [der.integer(pathLength)]),
  ),
})

/** Named bits (RFC 5280 §4.2.1.3) with the number of unused ones. */
const usages = {
  /** digitalSignature, nonRepudiation */
  signData: [0xc0, 6],
  /** keyCertSign, cRLSign */
  signCertificates: [0x06, 1],
  /** keyCertSign */
  signCertificatesOnly: [0x04, 2],
} as const

export const keyUsage = (usage: keyof typeof usages): Extension => ({
  oid: OID.keyUsage,
  critical: true,
  value: der.bitString(Uint8Array.of(usages[usage][0]), usages[usage][1]),
})

/** SHA-1 of the public key (RFC 5280 §4.2.1.2). */
export const keyIdentifier = (key: SigningKey): Uint8Array =>
  createHash('sha1')
    .update(key.kind === 'rsa' ? key.publicKeyInfo : concatBytes(uncompressed, key.point))
    .digest()

export const subjectKeyIdentifier = (key: SigningKey): Extension => ({
  oid: OID.subjectKeyIdentifier,
  value: der.octetString(keyIdentifier(key)),
})

export const authorityKeyIdentifier = (key: SigningKey): Extension => ({
  oid: OID.authorityKeyIdentifier,
  value: der.sequence(der.implicit(0, keyIdentifier(key))),
})

export const crlDistributionPoint = (url: string): Extension => ({
  oid: OID.crlDistributionPoints,
  value: der.sequence(der.sequence(der.explicit(0, der.explicit(0, der.implicit(6, new TextEncoder().encode(url)))))),
})

export const crlNumber = (number: number): Extension => ({ oid: OID.crlNumber, value: der.integer(number) })

export const developmentMarker: Extension = { oid: OID.development, value: der.utf8String('DEVELOPMENT') }

/** Names have the attributes, order and string types of Intel's, so that parsers meet the same bytes. */
export const encodeName = (name: Name): der.Der => {
  const { commonName, serialNumber } = typeof name === 'string' ? { commonName: name, serialNumber: undefined } : name
  const attributes: [string, der.Der][] = [
    ...(serialNumber === undefined ? [] : [['2.5.4.5', der.printableString(serialNumber)] satisfies [string, der.Der]]),
    ['2.5.4.3', der.utf8String(commonName)],
    ['2.5.4.10', der.utf8String('DCML DEVELOPMENT')],
    ['2.5.4.7', der.utf8String('Nowhere')],
    ['2.5.4.8', der.utf8String('None')],
    ['2.5.4.6', der.printableString('US')],
  ]
  return der.sequence(...attributes.map(([type, value]) => der.set(der.sequence(der.oid(type), value))))
}

/** Extensions, as certificates, CRLs and OCSP responses carry them. */
export const extensionList = (extensions: readonly Extension[]): der.Der =>
  der.sequence(
    ...extensions.map(({ oid, critical, value }) =>
      der.sequence(der.oid(oid), ...(critical ? [der.boolean(true)] : []), der.octetString(value)),
    ),
  )

/** What a certificate's issuer signs: X.509 v3 (RFC 5280 §4.1). */
export const certificateBody = (template: CertificateTemplate<SigningKey>): der.Der =>
  der.sequence(
    der.explicit(0, der.integer(2)),
    der.integer(template.serial),
    signatureAlgorithm(template.signer, template.hash),
    encodeName(template.issuer),
    der.sequence(der.time(template.notBefore), der.time(template.notAfter)),
    encodeName(template.subject),
    publicKeyInfo(template.key),
    der.explicit(3, extensionList(template.extensions)),
  )

/** What a CRL's issuer signs: X.509 v2 (RFC 5280 §5.1). */
export const crlBody = (template: CrlTemplate<SigningKey>): der.Der =>
  der.sequence(
    der.integer(1),
    signatureAlgorithm(template.signer, template.hash),
    encodeName(template.issuer),
    der.time(template.thisUpdate),
    der.time(template.nextUpdate),
    ...revocations(template),
    der.explicit(0, extensionList(template.extensions)),
  )

/** The frame that certificates and CRLs share: body, algorithm, signature. */
export const sealBody = (body: Uint8Array, signer: SigningKey, hash?: OtherHash): der.Der =>
  der.sequence(
    body,
    signatureAlgorithm(signer, hash),
    der.bitString(signer.kind === 'rsa' ? signPss(signer, body) : signDer(signer, body, hash?.used)),
  )

export const issueCertificate = (template: CertificateTemplate<SigningKey>): der.Der =>
  sealBody(certificateBody(template), template.signer, template.hash)

export const issueCrl = (template: CrlTemplate<SigningKey>): der.Der =>
  sealBody(crlBody(template), template.signer, template.hash)

/** RFC 5280 §5.1.2.6: the list is absent, not empty, where nothing is revoked. */
const revocations = ({ revoked, thisUpdate }: CrlTemplate<SigningKey>): der.Der[] =>
  revoked.length === 0
    ? []
    : [der.sequence(...revoked.map((serial) => der.sequence(der.integer(serial), der.time(thisUpdate))))]

export const toPem = (certificate: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`
