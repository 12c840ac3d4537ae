import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { selfSignedCertificate } from './certificate.ts'

test.each([
  ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['Ed25519', () => generateKeyPairSync('ed25519')],
])('OpenSSL reads the certificate of a %s key and verifies its own signature', (_, generate) => {
  for (let i = 0; i < 20; i++) {
    const { privateKey, publicKey } = generate()
    const pem = selfSignedCertificate(privateKey, publicKey, 'DCML enclave', new Date('2026-11-21T10:00:00.500Z'))
    const certificate = new X509Certificate(pem)
    expect(certificate.verify(publicKey)).toBe(true)
    expect(certificate.checkPrivateKey(privateKey)).toBe(true)
    expect(certificate).toMatchObject({
      subject: 'CN=DCML enclave',
      issuer: 'CN=DCML enclave',
      validFrom: 'Nov 21 10:00:00 2026 GMT',
      validTo: 'Dec 31 23:59:59 9999 GMT',
    })
  }
})
