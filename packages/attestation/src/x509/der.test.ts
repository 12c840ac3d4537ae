import { fromHex } from '@dcml/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DerReader, Refusal, TAG } from './der.ts'

const reader = (hex: string) => new DerReader(fromHex(hex.replaceAll(' ', '')))
const time = (tag: string, text: string) =>
  reader(`${tag}${text.length.toString(16).padStart(2, '0')}${Buffer.from(text).toString('hex')}`).time()

describe('reads', () => {
  test('integers', () => {
    expect(reader('02 01 00').unsigned()).toEqual(new Uint8Array())
    expect(reader('02 01 7f').uint16()).toBe(127)
    expect(reader('02 02 00 80').uint16()).toBe(128)
    expect(reader('02 03 00 ff ff').uint16()).toBe(65_535)
  })
  test('lengths of every form', () => {
    for (const length of [0, 127, 128, 255, 256, 65_535, 65_536]) {
      const size = length < 128 ? [length] : [0x80 + Math.ceil(length.toString(16).length / 2)]
      const rest = length < 128 ? '' : length.toString(16).padStart(2 * (size[0]! - 0x80), '0')
      const bytes = new Uint8Array([4, ...size, ...fromHex(rest), ...new Uint8Array(length)])
      expect(new DerReader(bytes).read(TAG.octetString)).toHaveLength(length)
    }
  })
  test('object identifiers', () => {
    expect(reader('06 03 55 1d 13').oid()).toBe('2.5.29.19')
    expect(reader('06 08 2a 86 48 ce 3d 04 03 02').oid()).toBe('1.2.840.10045.4.3.2')
    expect(reader('06 02 88 37').oid()).toBe('2.999')
  })
  test('named bits', () => {
    expect(reader('03 02 01 06').namedBits()).toBe(0x0600)
    expect(reader('03 02 06 c0').namedBits()).toBe(0xc000)
    expect(reader('03 03 07 80 80').namedBits()).toBe(0x8080)
  })
  test('times of both centuries, to the second', () => {
    expect(new Date(time('17', '180521104510Z')).toISOString()).toBe('2018-05-21T10:45:10.000Z')
    expect(new Date(time('17', '500101000000Z')).toISOString()).toBe('1950-01-01T00:00:00.000Z')
    expect(new Date(time('17', '491231235959Z')).toISOString()).toBe('2049-12-31T23:59:59.000Z')
    expect(new Date(time('18', '20500101000000Z')).toISOString()).toBe('2050-01-01T00:00:00.000Z')
    expect(new Date(time('17', '240229000000Z')).toISOString()).toBe('2024-02-29T00:00:00.000Z')
  })
})

describe('refuses', () => {
  test.each<[string, string, (der: DerReader) => unknown]>([
    ['nothing', '', (der) => der.read(TAG.integer)],
    ['a tag alone', '02', (der) => der.read(TAG.integer)],
    ['another tag', '04 01 00', (der) => der.read(TAG.integer)],
    ['a tag number above 30', '1f 81 01 00', (der) => der.readWhole()],
    ['contents cut short', '02 02 01', (der) => der.read(TAG.integer)],
    ['an indefinite length (BER)', '30 80 00 00', (der) => der.sequence()],
    ['a long length below 128', '04 81 01 00', (der) => der.read(TAG.octetString)],
    ['a length with a leading zero', `04 82 00 80${'00'.repeat(128)}`, (der) => der.read(TAG.octetString)],
    ['a length of four bytes', '04 84 00 00 00 01 00', (der) => der.read(TAG.octetString)],
    ['a length cut short', '04 82 01', (der) => der.read(TAG.octetString)],
    ['an empty integer', '02 00', (der) => der.unsigned()],
    ['a negative integer', '02 01 80', (der) => der.unsigned()],
    ['an integer with a spare zero', '02 02 00 7f', (der) => der.unsigned()],
    ['an integer above 16 bits', '02 03 01 00 00', (der) => der.uint16()],
    ['a boolean that is neither 00 nor ff', '01 01 01', (der) => der.boolean()],
    ['a boolean of two bytes', '01 02 00 00', (der) => der.boolean()],
    ['a bit string without its first byte', '03 00', (der) => der.bitStringBytes()],
    ['a bit string of broken bytes', '03 02 01 80', (der) => der.bitStringBytes()],
    ['no named bits', '03 01 00', (der) => der.namedBits()],
    ['named bits with a trailing zero bit', '03 02 00 06', (der) => der.namedBits()],
    ['named bits with a trailing zero byte', '03 03 00 06 00', (der) => der.namedBits()],
    ['named bits with unused bits set', '03 02 02 06', (der) => der.namedBits()],
    ['more than 7 unused bits', '03 02 08 80', (der) => der.namedBits()],
    ['an empty object identifier', '06 00', (der) => der.oid()],
    ['an object identifier cut short', '06 02 55 9d', (der) => der.oid()],
    ['an arc with a leading zero', '06 03 55 80 01', (der) => der.oid()],
    ['an arc above 32 bits', '06 06 90 80 80 80 80 00', (der) => der.oid()],
    ['octets of another length', '04 01 00', (der) => der.octets(2)],
    ['bytes after the end', '05 00', (der) => der.end()],
  ])('%s', (_, hex, read) => {
    expect(() => read(reader(hex))).toThrow(Refusal)
  })

  test.each([
    ['17', '1805211045Z'],
    ['17', '180521104510+0000'],
    ['17', '18052110451aZ'],
    ['17', '180521104510z'],
    ['17', '181321104510Z'],
    ['17', '180001104510Z'],
    ['17', '230229000000Z'],
    ['17', '180521240000Z'],
    ['17', '180521106010Z'],
    ['17', '180521104560Z'],
    ['18', '20500101000000.5Z'],
    ['18', '19480521104510Z'],
  ])('time %s %s', (tag, text) => {
    expect(() => time(tag, text)).toThrow(Refusal)
  })
})

test('any bytes are read or refused, nothing else', () => {
  const reads = [
    (der: DerReader) => der.readWhole(),
    (der: DerReader) => der.unsigned(),
    (der: DerReader) => der.uint16(),
    (der: DerReader) => der.boolean(),
    (der: DerReader) => der.oid(),
    (der: DerReader) => der.time(),
    (der: DerReader) => der.namedBits(),
    (der: DerReader) => der.sequence().end(),
  ]
  const tags = fc.constantFrom(1, 2, 3, 4, 6, 0x17, 0x18, 0x30)
  const value = fc.tuple(tags, fc.uint8Array({ maxLength: 20 })).map(([tag, bytes]) => [tag, bytes.length, ...bytes])
  fc.assert(
    fc.property(fc.oneof(value, fc.array(fc.nat(255))), fc.constantFrom(...reads), (bytes, read) => {
      try {
        read(new DerReader(Uint8Array.from(bytes)))
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal)
      }
    }),
    { numRuns: 2000 },
  )
})
