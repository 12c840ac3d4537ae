import * as oracle from 'borsh'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  bytes,
  bytes32,
  decode,
  decodeShared,
  encode,
  fixed,
  list,
  option,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  u128,
} from './borsh.ts'

const layout = struct({
  a: u8,
  b: u16,
  c: u32,
  d: u64,
  e: u128,
  name: text(64),
  raw: bytes(64),
  hash: bytes32,
  maybe: option(u64),
  many: list(struct({ x: u16 }), 8),
})

const raw = bytes(200_000)

const schema: oracle.Schema = {
  struct: {
    a: 'u8',
    b: 'u16',
    c: 'u32',
    d: 'u64',
    e: 'u128',
    name: 'string',
    raw: { array: { type: 'u8' } },
    hash: { array: { type: 'u8', len: 32 } },
    maybe: { option: 'u64' },
    many: { array: { type: { struct: { x: 'u16' } } } },
  },
}

const value = fc.record({
  a: fc.integer({ min: 0, max: 255 }),
  b: fc.integer({ min: 0, max: 0xffff }),
  c: fc.integer({ min: 0, max: 0xffffffff }),
  d: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  e: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
  name: fc.string({ unit: 'grapheme', maxLength: 8 }),
  raw: fc.uint8Array({ maxLength: 64 }),
  hash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  maybe: fc.option(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })),
  many: fc.array(fc.record({ x: fc.integer({ min: 0, max: 0xffff }) }), { maxLength: 8 }),
})

test('writes what borsh-js writes, and reads it back', () => {
  fc.assert(
    fc.property(value, (v) => {
      const written = encode(layout, v)
      expect(written).toEqual(oracle.serialize(schema, v))
      expect(decode(layout, written)).toEqual(v)
    }),
  )
})

test('reads arbitrary bytes only as what it would write', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
      let read: Parameters<typeof layout.write>[0]
      try {
        read = decode(layout, input)
      } catch (error) {
        expect(error).toMatchObject({ code: 'borsh_invalid' })
        return
      }
      expect(encode(layout, read)).toEqual(input)
    }),
    { numRuns: 2000 },
  )
})

test('refuses every prefix and every suffix of an object', () => {
  fc.assert(
    fc.property(value, fc.uint8Array({ minLength: 1, maxLength: 4 }), (v, tail) => {
      const written = encode(layout, v)
      for (let length = 0; length < written.length; length++)
        expect(() => decode(layout, written.subarray(0, length))).toThrow(/ends too early|more than/)
      expect(() => decode(layout, Uint8Array.from([...written, ...tail]))).toThrow('follow the object')
    }),
    { numRuns: 20 },
  )
})

test.each([
  ['an integer too large', () => encode(u8, 256)],
  ['a negative integer', () => encode(u64, -1n)],
  ['a fraction', () => encode(u32, 1.5)],
  ['NaN', () => encode(u32, Number.NaN)],
  ['bytes of the wrong length', () => encode(fixed(4), new Uint8Array(3))],
  ['bytes over the limit', () => encode(bytes(2), new Uint8Array(3))],
  ['text over the limit', () => encode(text(2), 'abc')],
  ['a lone surrogate', () => encode(text(8), '\ud800')],
  ['a list over the limit', () => encode(list(u8, 1), [1, 2])],
  ['an option flag of 2', () => decode(option(u8), Uint8Array.of(2, 0))],
  ['malformed UTF-8', () => decode(text(8), Uint8Array.of(1, 0, 0, 0, 0xff))],
  ['overlong UTF-8', () => decode(text(8), Uint8Array.of(2, 0, 0, 0, 0xc0, 0x80))],
  ['a length that would allocate 4 GiB', () => decode(bytes(64), Uint8Array.of(255, 255, 255, 255))],
])('refuses %s', (_, act) => {
  expect(act).toThrow(expect.objectContaining({ code: 'borsh_invalid' }))
})

test('objects that are large, refused or inside others leave nothing in the next', () => {
  const small = struct({ name: text(16), x: u64 })
  const value = { name: 'grüße', x: 7n }
  const alone = encode(small, value)
  const refused = struct({ secret: bytes32, name: text(3) })
  const inside: typeof raw = { write: (wanted, out) => raw.write(encode(small, value) && wanted, out), read: raw.read }
  for (const disturb of [
    () => expect(encode(raw, new Uint8Array(100_000).fill(9))).toHaveLength(100_004),
    () => expect(() => encode(refused, { secret: new Uint8Array(32).fill(9), name: 'long' })).toThrow(),
    () => expect(encode(inside, new Uint8Array(8).fill(9))).toEqual(encode(raw, new Uint8Array(8).fill(9))),
  ]) {
    disturb()
    expect(encode(small, value)).toEqual(alone)
    expect(decode(small, alone)).toEqual(value)
  }
})

test('what was written is the caller’s alone', () => {
  const first = encode(raw, new Uint8Array(8).fill(1))
  const copy = first.slice()
  encode(raw, new Uint8Array(8).fill(2))
  expect(first).toEqual(copy)
})

test('bytes of an object are its own, or the input’s where that is asked for', () => {
  const input = encode(pair, { left: 7n, right: Uint8Array.of(1, 2) })
  const [own, shared] = [decode(pair, input), decodeShared(pair, input)]
  expect(shared).toEqual(own)
  input.fill(9, -2)
  expect([own.right, shared.right]).toEqual([Uint8Array.of(1, 2), Uint8Array.of(9, 9)])
})
const pair = struct({ left: u64, right: fixed(2) })
