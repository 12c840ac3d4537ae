import { createHash } from 'node:crypto'
import { utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Claims, encodeClaims, type Purpose, parseClaims, reportData } from './claims.ts'

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const claims: fc.Arbitrary<Claims> = fc.record(
  {
    purpose: fc.constantFrom<Purpose>('session', 'peer-responder', 'peer-initiator'),
    nonce: hash,
    tlsSpki: hash,
    exporter: hash,
    hpkeKey: hash,
    sessionKey: hash,
    gpuEvidence: hash,
    imageH: hash,
    modelH: hash,
    boot: hash,
    iat: fc.maxSafeNat(),
  },
  { requiredKeys: ['purpose', 'nonce', 'tlsSpki', 'hpkeKey', 'sessionKey', 'imageH', 'boot', 'iat'] },
)
const example: Claims = {
  purpose: 'session',
  nonce: new Uint8Array(32).fill(1),
  tlsSpki: new Uint8Array(32).fill(2),
  hpkeKey: new Uint8Array(32).fill(3),
  sessionKey: new Uint8Array(32).fill(4),
  imageH: new Uint8Array(32).fill(5),
  boot: new Uint8Array(32).fill(6),
  iat: 1_790_000_000_000,
}
const text = new TextDecoder().decode(encodeClaims(example))
const refused = expect.objectContaining({ code: 'claims_malformed' })

test('claims survive the trip through their bytes', () => {
  fc.assert(
    fc.property(claims, (value) => {
      expect(parseClaims(encodeClaims(value))).toEqual(value)
    }),
  )
})

test('no two byte strings are read as the same claims', () => {
  const bytes = encodeClaims(example)
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const bent = Uint8Array.from(bytes)
      bent[at]! ^= mask
      try {
        expect(encodeClaims(parseClaims(bent))).toEqual(bent)
      } catch (error) {
        expect(error).toEqual(refused)
      }
    }),
  )
})

test.each([
  ['a space', text.replace(',', ', ')],
  ['a doubled member', text.replace('{', '{"iat":5,')],
  ['another order', text.replace('"v":1,', '').replace(/}$/, ',"v":1}')],
  ['an unknown member', text.replace(/}$/, ',"x":1}')],
  ['an exponent', text.replace('1790000000000', '179e10')],
  ['a fraction', text.replace('1790000000000', '1.5')],
  ['a negative time', text.replace('1790000000000', '-1')],
  ['another version', text.replace('"v":1', '"v":2')],
  ['an unknown purpose', text.replace('session', 'anything')],
  ['a short key', text.replace(/"boot":"../, '"boot":"')],
  ['padding', text.replace(/("boot":"\w+)/, '$1=')],
  ['bits past the end', text.replace(/("boot":"\w+)Y"/, '$1Z"')],
  ['a byte order mark', `\u{feff}${text}`],
  ['too much', text.padEnd(4097, ' ')],
  ['nothing', ''],
  ['an array', '[]'],
])('claims with %s are refused', (_, bent) => {
  expect(bent).not.toBe(text)
  expect(() => parseClaims(utf8(bent))).toThrow(refused)
})

test.each(['purpose', 'nonce', 'tlsSpki', 'hpkeKey', 'sessionKey', 'imageH', 'boot', 'iat', 'v'])(
  'claims without %s are refused',
  (name) => {
    const { [name]: _, ...rest } = JSON.parse(text)
    expect(() => parseClaims(utf8(JSON.stringify(rest)))).toThrow(refused)
  },
)

test('report data is SHA-512 over tag, purpose and claims, as node:crypto computes it', () => {
  const bytes = encodeClaims(example)
  const expected = createHash('sha512').update('dcml/report-data/1\0session\0').update(bytes).digest()
  expect(Buffer.from(reportData('session', bytes))).toEqual(expected)
  expect(reportData('peer-initiator', bytes)).not.toEqual(reportData('session', bytes))
})
