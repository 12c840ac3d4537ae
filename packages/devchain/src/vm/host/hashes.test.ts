import { createHash } from 'node:crypto'
import { toHex } from '@dcml/protocol'
import { keccak_256, keccak_512 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Logic } from '../../../test/logic.ts'

type Digest = (data: Uint8Array) => Uint8Array
const native =
  (algorithm: string): Digest =>
  (data) =>
    new Uint8Array(createHash(algorithm).update(data).digest())

const digests: readonly [name: string, digest: Digest][] = [
  ['sha256', native('sha256')],
  ['ripemd160', native('ripemd160')],
  ['keccak256', keccak_256],
  ['keccak512', keccak_512],
  ['sha3_256', native('sha3-256')],
  ['sha3_384', native('sha3-384')],
  ['sha3_512', native('sha3-512')],
]

test.each(digests)('%s agrees with its oracle, from memory and from registers', (name, digest) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (data, isInRegister) => {
      const logic = new Logic({ version: 87 })
      logic.run(name, ...(isInRegister ? logic.register(1n, data) : logic.write(data)), 2)
      expect(logic.read(2n)).toEqual(digest(data))
    }),
    { numRuns: 30 },
  )
})

// nearcore `logic/tests/miscs.rs`
test.each([
  ['sha256', '12b0739c2d64f184b4864d2a696fc77f76705cff582b53937a371a242a9ca09e'],
  ['keccak256', '686e3a7ae6b5d791e7e531a27ba7b13a1a8e81ad0725091ae97340663d550a9f'],
  ['ripemd160', '15669c73e8033ad72354811e8f56d46846610ee1'],
])('%s of what nearcore tests with', (name, expected) => {
  const logic = new Logic()
  logic.run(name, ...logic.write('tesdsst'), 0)
  expect(toHex(logic.read(0n)!)).toBe(expected)
})

test.each([
  ['sha256', 32],
  ['keccak256', 32],
  ['keccak512', 64],
])('%s is paid by the byte', (name, length) => {
  const logic = new Logic()
  logic.run(name, ...logic.write('tesdsst'), 0)
  expect(logic.costs()).toEqual({
    [`${name}_base`]: 1,
    [`${name}_byte`]: 7,
    read_memory_base: 1,
    read_memory_byte: 7,
    write_register_base: 1,
    write_register_byte: length,
  })
})

test.each([
  [0, 1],
  [55, 1],
  [56, 2],
  [119, 2],
  [120, 3],
])('ripemd160 of %i bytes is paid as %i blocks', (length, blocks) => {
  const logic = new Logic()
  logic.run('ripemd160', length, 0, 0)
  expect(logic.costs()).toMatchObject({ ripemd160_base: 1, ripemd160_block: blocks })
})
