import { X509Certificate } from 'node:crypto'
import { equalBytes, fromHex, toHex } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'
import { sha256 } from '@noble/hashes/sha2.js'
import { base64 } from '@scure/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { INTEL_SGX_ROOT_CA_BASE64, INTEL_SGX_ROOT_CA_SHA256 } from '../roots/intel-sgx.ts'
import { carries, EXTENSION, KEY_USAGE, readCertificate } from './certificate.ts'
import { readCrl } from './crl.ts'
import { Refusal } from './der.ts'
import { readPem } from './pem.ts'

const root = base64.decode(INTEL_SGX_ROOT_CA_BASE64)
const simulator = await createSimulator({ now: new Date('2026-11-21T12:00:00Z') })
const collateral = simulator.collateral()
const certificates = [root, ...[collateral.pck_crl_issuer_chain, collateral.tcb_info_issuer_chain].flatMap(readPem)]
const readers = {
  certificate: (der: Uint8Array) => readCertificate(der, ['p256']),
  CRL: (der: Uint8Array) => readCrl(der, ['p256']),
}
const crls = [fromHex(collateral.root_ca_crl), fromHex(collateral.pck_crl)]

test('the pinned root is Intel’s', () => {
  expect(toHex(sha256(root))).toBe(INTEL_SGX_ROOT_CA_SHA256)
  const certificate = readCertificate(root, ['p256'])
  expect(certificate).toMatchObject({ isCa: true, pathLength: 1, keyUsage: KEY_USAGE.keyCertSign | KEY_USAGE.cRLSign })
  expect(equalBytes(certificate.subject, certificate.issuer)).toBe(true)
  expect(new Date(certificate.notAfter).toISOString()).toBe('2049-12-31T23:59:59.000Z')
  expect(carries(certificate, EXTENSION.development)).toBe(false)
})

test('certificates read as OpenSSL reads them', () => {
  for (const der of certificates) {
    const ours = readCertificate(der, ['p256'])
    const theirs = new X509Certificate(der)
    expect(ours.serial).toBe(theirs.serialNumber.toLowerCase())
    expect([ours.notBefore, ours.notAfter]).toEqual([Date.parse(theirs.validFrom), Date.parse(theirs.validTo)])
    expect(ours.isCa).toBe(theirs.ca)
    const spki = theirs.publicKey.export({ type: 'spki', format: 'der' })
    expect(toHex(ours.publicKey.bytes)).toBe(toHex(spki.subarray(-65)))
  }
})

describe('hostile bytes', () => {
  const read = (parse: (der: Uint8Array) => { body: Uint8Array; signature: Uint8Array }, der: Uint8Array) => {
    try {
      return parse(der)
    } catch (error) {
      expect(error).toBeInstanceOf(Refusal)
      return undefined
    }
  }

  test.each([
    ['certificate', readers.certificate, certificates],
    ['CRL', readers.CRL, crls],
  ] as const)('no bit of a %s can change without a refusal or another signature or body', (_, parse, samples) => {
    for (const der of samples) {
      const honest = parse(der)
      for (let at = 0; at < der.length; at++) {
        const changed = read(parse, der.with(at, der[at]! ^ (1 << (at % 8))))
        const same = changed && equalBytes(changed.body, honest.body) && equalBytes(changed.signature, honest.signature)
        expect(same ?? false, `byte ${at}`).toBe(false)
      }
    }
  })

  test.each([
    ['certificate', readers.certificate, certificates],
    ['CRL', readers.CRL, crls],
  ] as const)(
    'a %s cut short, extended or filled with noise is refused without any other error',
    (_, parse, samples) => {
      fc.assert(
        fc.property(fc.constantFrom(...samples), fc.nat(2000), fc.uint8Array({ maxLength: 40 }), (der, at, noise) => {
          const start = at % der.length
          read(parse, Uint8Array.from([...der.subarray(0, start), ...noise, ...der.subarray(start + noise.length)]))
          expect(read(parse, der.subarray(0, start))).toBeUndefined()
          if (noise.length > 0) expect(read(parse, Uint8Array.from([...der, ...noise]))).toBeUndefined()
        }),
        { numRuns: 500 },
      )
    },
  )
})
