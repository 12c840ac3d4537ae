import { base64 } from '@scure/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { INTEL_SGX_ROOT_CA_BASE64 } from '../roots/intel-sgx.ts'
import { Refusal } from './der.ts'
import { readPem } from './pem.ts'

const pem = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${base64.encode(der).replace(/.{64}(?!$)/g, '$&\n')}\n-----END CERTIFICATE-----\n`
const root = base64.decode(INTEL_SGX_ROOT_CA_BASE64)

test('reads what it should, any length', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 4 }), (certificates) => {
      expect(readPem(certificates.map(pem).join(''))).toEqual(certificates)
    }),
  )
})

test('a last newline may be missing', () => {
  expect(readPem(pem(root).trimEnd())).toEqual([root])
})

test.each<[string, (text: string) => string]>([
  ['text before', (text) => `Subject: x\n${text}`],
  ['text after', (text) => `${text}x`],
  ['a blank line after', (text) => `${text}\n`],
  ['a blank line between', (text) => `${text}\n${text}`],
  ['Windows line ends', (text) => text.replaceAll('\n', '\r\n')],
  ['a byte order mark', (text) => `\ufeff${text}`],
  ['a missing end', (text) => text.slice(0, text.indexOf('-----END'))],
  ['another label', (text) => text.replaceAll('CERTIFICATE', 'X509 CRL')],
  ['an empty certificate', () => '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'],
  ['lines of another length', (text) => text.replace('MIIC', 'MI\nIC')],
  ['padding that is not canonical', (text) => text.replace('RXaqI=\n', 'RXaqJ=\n')],
  ['no padding', (text) => text.replace('RXaqI=\n', 'RXaqI\n')],
  ['a certificate in a certificate', (text) => text.replace('\n', '\n-----BEGIN CERTIFICATE-----\n')],
  ['too much', (text) => text.repeat(20)],
])('refuses %s', (_, change) => {
  const text = change(pem(root))
  expect(text).not.toBe(pem(root))
  expect(() => readPem(text)).toThrow(Refusal)
})

test('no character can change without changing a certificate', () => {
  const text = pem(root)
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const changed = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ mask) + text.slice(at + 1)
      let read: Uint8Array[] | undefined
      try {
        read = readPem(changed)
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal)
      }
      expect(read).not.toEqual([root])
    }),
    { numRuns: 1000 },
  )
})
