import { DcmlError } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createDevchain, loadDevchain } from '../devchain.ts'
import { frame, readRecords, startFile } from './records-file.ts'

const isNamed = (run: () => unknown): void => {
  try {
    run()
  } catch (error) {
    expect(DcmlError.isInstance(error), String(error)).toBe(true)
  }
}

test('no bytes make loading do anything but load or say why not', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => isNamed(() => loadDevchain(bytes))))
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => isNamed(() => loadDevchain(startFile(bytes)))),
    { numRuns: 50 },
  )
  const dump = createDevchain().dump()
  fc.assert(
    fc.property(fc.nat(dump.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Uint8Array.from(dump)
      changed[at] = (changed[at] ?? 0) ^ flip
      expect(() => loadDevchain(changed)).toThrow(expect.objectContaining({ code: 'devchain_data_damaged' }))
    }),
    { numRuns: 200 },
  )
})

test('records come back as they were written, up to where the file ends', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 }), fc.nat(), (payloads, cut) => {
      const file = startFile(...payloads)
      const { records, end } = readRecords(file)
      expect(records.map((record) => [...record])).toEqual(payloads.map((payload) => [...payload]))
      expect(end).toBe(file.length)
      const short = readRecords(file.subarray(0, cut % (file.length + 1)))
      expect(short.records.length).toBeLessThanOrEqual(payloads.length)
      expect(short.end).toBeLessThanOrEqual(cut % (file.length + 1))
    }),
  )
  expect(frame(new Uint8Array()).length).toBe(12)
})
