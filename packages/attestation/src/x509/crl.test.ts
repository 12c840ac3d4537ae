import { fromHex, toHex } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { readCrl } from './crl.ts'
import { Refusal } from './der.ts'

/** `tag, length, contents` of hex strings. */
const tlv = (tag: string, ...contents: string[]): string => {
  const value = contents.join('').replaceAll(' ', '')
  const length = value.length / 2
  return `${tag}${length < 128 ? '' : length < 256 ? '81' : '82'}${length.toString(16).padStart(length < 256 ? 2 : 4, '0')}${value}`
}
const text = (value: string): string => Buffer.from(value).toString('hex')
const algorithm = tlv('30', '0608 2a8648ce3d040302')
const name = tlv('30', tlv('31', tlv('30', '0603550403', tlv('0c', text('CA')))))
const time = (value: string): string => tlv('17', text(value))
const entry = (serial: string, ...rest: string[]): string =>
  tlv('30', tlv('02', serial), time('250619100035Z'), ...rest)
const extension = (oid: string, critical: string, value: string): string =>
  tlv('30', tlv('06', oid), critical, tlv('04', value))
const reason = tlv('30', extension('551d15', '', '0a0101'))
const number = extension('551d14', '', '020101')

function crl({
  version = '020101',
  entries = '',
  extensions = tlv('a0', tlv('30', number)),
  tail = '',
} = {}): Uint8Array {
  const body = tlv(
    '30',
    version,
    algorithm,
    name,
    time('250619100035Z'),
    time('250719100035Z'),
    entries,
    extensions,
    tail,
  )
  return fromHex(tlv('30', body, algorithm, tlv('03', '00', tlv('30', '020101', '020102'))))
}

const read = (change?: Parameters<typeof crl>[0]) => readCrl(crl(change), ['p256'])

test('serials of any sign octet, with and without a reason', () => {
  const { revoked, issuer, nextUpdate } = read({
    entries: tlv('30', entry('6f'), entry('00ef', reason), entry('6fc34e50', reason)),
  })
  expect([...revoked]).toEqual(['6f', 'ef', '6fc34e50'])
  expect(new Date(nextUpdate).toISOString()).toBe('2025-07-19T10:00:35.000Z')
  expect(toHex(issuer)).toBe(name)
})

test('ecdsa-with-SHA256 is by the curve of the PKI, and nothing else has a place in it', () => {
  expect(read().signedWith).toBe('p256')
  expect(readCrl(crl(), ['p384', 'p384-sha256']).signedWith).toBe('p384-sha256')
  expect(() => readCrl(crl(), ['p384'])).toThrow('a signature of kind p256 has no place in this PKI')
})

test('nothing revoked', () => {
  expect(read().revoked.size).toBe(0)
})

test('thousands of entries', () => {
  const serials = Array.from({ length: 1000 }, (_, i) => (0x100000 + i).toString(16).padStart(8, '0').slice(2))
  const { revoked } = read({ entries: tlv('30', ...serials.map((serial) => entry(serial, reason))) })
  expect([...revoked]).toEqual(serials)
})

test.each<[string, Parameters<typeof crl>[0]]>([
  ['version 1', { version: '020100' }],
  ['no version', { version: '' }],
  ['a negative serial', { entries: tlv('30', entry('ef')) }],
  ['a zero serial', { entries: tlv('30', entry('00')) }],
  ['a serial above 20 octets', { entries: tlv('30', entry('01'.repeat(21))) }],
  ['an entry without a date', { entries: tlv('30', tlv('30', '02016f')) }],
  ['a critical entry extension', { entries: tlv('30', entry('6f', tlv('30', extension('551d1d', '0101ff', '3000')))) }],
  ['a delta CRL', { extensions: tlv('a0', tlv('30', number, extension('551d1b', '0101ff', '020101'))) }],
  ['a partial CRL', { extensions: tlv('a0', tlv('30', number, extension('551d1c', '0101ff', '3000'))) }],
  ['critical FALSE spelled out', { extensions: tlv('a0', tlv('30', extension('551d14', '010100', '020101'))) }],
  ['something after the extensions', { tail: '0500' }],
])('refuses %s', (_, change) => {
  expect(() => read(change)).toThrow(Refusal)
})
