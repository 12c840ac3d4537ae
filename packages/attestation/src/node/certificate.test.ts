import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { selfSignedCertificate } from './certificate.ts'

test('OpenSSL reads the certificate and verifies its own signature', () => {
  for (let i = 0; i < 20; i++) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
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
