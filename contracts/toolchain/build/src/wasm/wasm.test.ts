import { loadEngine } from '@dcml/contract-engine'
import type { DcmlError } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { craft } from '../../test/craft.ts'
import { checkLimits } from '../limits.ts'
import { concat, name, Reader, signed, u32, vector, WasmError } from './bytes.ts'
import { dataSegments } from './data.ts'
import { readSections, SECTION, withSection, writeSections } from './sections.ts'

test('integers come back as they were written, in the shortest form', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (a, b) => {
      const bytes = Uint8Array.from([...u32(a), ...signed(b)])
      const reader = new Reader(bytes)
      expect([reader.u32(), reader.signed(64), reader.done]).toEqual([a, b, true])
      expect(u32(a).length).toBe(Math.max(1, Math.ceil(a.toString(2).length / 7)))
    }),
  )
})

test('integers too long or too large are refused', () => {
  for (const bytes of [[0x80, 0x80, 0x80, 0x80, 0x80, 0x00], [0xff, 0xff, 0xff, 0xff, 0x1f], [0x80], []])
    expect(() => new Reader(Uint8Array.from(bytes)).u32()).toThrow(WasmError)
  for (const bytes of [
    [0xff, 0xff, 0xff, 0xff, 0x4f],
    [0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
  ])
    expect(() => new Reader(Uint8Array.from(bytes)).signed(32)).toThrow(WasmError)
  expect(new Reader(Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0x7f])).signed(32)).toBe(-1n)
  expect(new Reader(Uint8Array.from([0x40])).signed(33)).toBe(-0x40n)
})

test('names and vectors come back', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (names) => {
      const reader = new Reader(vector(names.map(name)))
      expect(reader.vector(() => reader.name())).toEqual(names.map((n) => n.toWellFormed()))
    }),
  )
  expect(() => new Reader(Uint8Array.from([1, 0xff])).name()).toThrow(WasmError)
  expect(() => new Reader(Uint8Array.from([0xff, 0xff, 0xff, 0x7f])).vector(() => 0)).toThrow(WasmError)
})

const section = fc.record({ id: fc.constantFrom(...Object.values(SECTION)), body: fc.uint8Array({ maxLength: 9 }) })

test('sections come back byte for byte, however they were put in', () => {
  fc.assert(
    fc.property(fc.uniqueArray(section, { selector: ({ id }) => id }), (sections) => {
      const placed = sections.reduce((all, { id, body }) => withSection(all, id, body), readSections(writeSections([])))
      expect(readSections(writeSections(placed))).toEqual(placed)
      expect(placed.length).toBe(sections.length)
      for (const { id, body } of sections) expect(placed).toContainEqual({ id, body })
    }),
  )
})

test('sections out of order, twice, unknown or cut short are refused', () => {
  const [type, code] = [
    { id: 1, body: Uint8Array.from([0]) },
    { id: 10, body: Uint8Array.from([0]) },
  ]
  expect(() => readSections(writeSections([code, type]))).toThrow('wrong place')
  expect(() => readSections(writeSections([type, type]))).toThrow('wrong place')
  expect(() => readSections(writeSections([{ id: 13, body: new Uint8Array() }]))).toThrow('unknown section')
  expect(() => readSections(writeSections([type]).subarray(0, 10))).toThrow(WasmError)
  expect(() => readSections(Uint8Array.from([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]))).toThrow('version 1')
})

test('the engine is read to its last byte, and written back as it was', async () => {
  const { runtime } = await loadEngine()
  expect(Buffer.from(writeSections(readSections(runtime))).equals(runtime)).toBe(true)
  expect(checkLimits(runtime).filter(({ pass }) => !pass)).toEqual([])
})

test('a module with any byte changed, or cut anywhere, is read or refused with one error', () => {
  const functions = [{ code: [0x41, 1, 0x04, 0x40, 0x0b, 0x10, 1] }, { params: 2, locals: 3 }]
  const module = craft({ functions, imports: [['env', 'input']], tables: [3], pages: 1, padding: 3 })
  let refused = 0
  for (let at = 0; at < module.length; at++)
    for (const change of [0x01, 0x80, 0xff]) {
      const damaged = module.slice()
      damaged[at] = (damaged[at] ?? 0) ^ change
      for (const bytes of [damaged, damaged.subarray(0, at)])
        try {
          checkLimits(bytes)
        } catch (error) {
          expect((error as DcmlError).code).toBe('contract_limit')
          refused++
        }
    }
  expect(refused).toBeGreaterThan(module.length * 3)
})

test('random bytes are no module', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
      const module = concat([[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], bytes])
      try {
        checkLimits(module)
      } catch (error) {
        expect((error as DcmlError).code).toBe('contract_limit')
      }
    }),
  )
})

test('data segments rebuild the memory, and cost less than its bytes', () => {
  const runs = fc.array(
    fc.oneof(
      fc.nat(40).map((zeros) => new Uint8Array(zeros)),
      fc.uint8Array({ maxLength: 20 }),
    ),
  )
  fc.assert(
    fc.property(runs, (parts) => {
      const memory = concat(parts)
      const section = dataSegments(memory)
      const reader = new Reader(section)
      const rebuilt = new Uint8Array(memory.length)
      reader.vector(() => {
        expect([reader.byte(), reader.byte()]).toEqual([0, 0x41])
        const at = Number(reader.signed(32))
        expect(reader.byte()).toBe(0x0b)
        rebuilt.set(reader.take(reader.u32()), at)
      })
      expect(reader.done).toBe(true)
      expect(rebuilt).toEqual(memory)
      expect(section.length).toBeLessThanOrEqual(memory.length + 8)
    }),
  )
})
