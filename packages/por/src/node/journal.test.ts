import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Kept } from '../core/types.ts'
import { anyKept } from '../wire/arbitrary.ts'
import { Journal, type Opened } from './journal.ts'
import { type Folder, temporaryFolder } from './testing/line.ts'

let folder: Folder
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => folder.remove())

const groups = fc.array(fc.array(anyKept, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 })
const forgotten = (byte: number): Kept => ({
  kind: 'forgotten',
  requestHash: new Uint8Array(32).fill(byte),
  // ends in bytes that an unwritten part of a file would not have
  from: 2n ** 64n - 1n,
})
let stores = 0
const fresh = () => join(folder.path, `${stores++}`)

/** Writes groups, and says where each ends in the file. */
async function write(path: string, records: readonly (readonly Kept[])[]): Promise<number[]> {
  const { journal } = Journal.open(path)
  const ends = []
  for (const [at, group] of records.entries()) {
    await journal.append(group, 1000 + at)
    ends.push(readFileSync(join(path, 'journal')).length)
  }
  journal.close()
  return ends
}

function reopen(path: string): Omit<Opened, 'journal'> {
  const { journal, ...held } = Journal.open(path)
  journal.close()
  return held
}

test('what was appended is there again, and time went on', async () => {
  await fc.assert(
    fc.asyncProperty(groups, async (records) => {
      const path = fresh()
      await write(path, records)
      expect(reopen(path)).toEqual({ kept: records.flat(), clock: 999 + records.length })
    }),
    { numRuns: 30 },
  )
})

test('an entry torn at any byte is cut off, and nothing else', async () => {
  const path = fresh()
  const [, second, third] = await write(path, [[forgotten(1)], [forgotten(2)], [forgotten(3), forgotten(4)]])
  const whole = readFileSync(join(path, 'journal'))
  for (let length = second!; length < third!; length++) {
    for (const tail of [0, 50]) {
      const torn = fresh()
      await write(torn, [])
      writeFileSync(join(torn, 'journal'), Buffer.concat([whole.subarray(0, length), Buffer.alloc(tail)]))
      const { journal, kept } = Journal.open(torn)
      expect(kept).toEqual([forgotten(1), forgotten(2)])
      await journal.append([forgotten(5)], 2000)
      journal.close()
      expect(reopen(torn).kept).toEqual([forgotten(1), forgotten(2), forgotten(5)])
    }
  }
})

test('damage before the last entry is no torn write: the node does not start', async () => {
  const path = fresh()
  const [first] = await write(path, [[forgotten(1)], [forgotten(2)]])
  const whole = readFileSync(join(path, 'journal'))
  for (let at = 0; at < first!; at++) {
    const bad = Buffer.from(whole)
    bad[at]! ^= 0x10
    writeFileSync(join(path, 'journal'), bad)
    expect(() => Journal.open(path), `byte ${at}`).toThrow(expect.objectContaining({ code: 'por_store_damaged' }))
  }
})

test('a snapshot takes the place of all before, and entries follow it', async () => {
  const path = fresh()
  const { journal } = Journal.open(path)
  await journal.append([forgotten(1), forgotten(2)], 1)
  await journal.replace([forgotten(3)], 2)
  await journal.append([forgotten(4)], 3)
  journal.close()
  expect(reopen(path)).toEqual({ kept: [forgotten(3), forgotten(4)], clock: 3 })
})

test('a process that died while it wrote a snapshot left the old file', async () => {
  const path = fresh()
  await write(path, [[forgotten(1)]])
  writeFileSync(join(path, 'journal.new'), 'half of a sn')
  const { journal, kept } = Journal.open(path)
  expect(kept).toEqual([forgotten(1)])
  await journal.replace([forgotten(2)], 5)
  journal.close()
  expect(reopen(path).kept).toEqual([forgotten(2)])
})

test('grows until a snapshot is worth it', async () => {
  const { journal } = Journal.open(fresh())
  const payload = new Uint8Array(60_000)
  const big = fc.sample(anyKept, 200).find((record) => record.kind === 'accepted')!
  const records = Array.from({ length: 80 }, () => ({ ...big, payload }) as Kept)
  expect(journal.isLong).toBe(false)
  await journal.append(records, 1)
  expect(journal.isLong).toBe(true)
  await journal.replace(records, 2)
  expect(journal.isLong).toBe(false)
  journal.close()
})

test('one process per store, and a dead one does not count', () => {
  const path = fresh()
  const { journal } = Journal.open(path)
  expect(() => Journal.open(path)).toThrow(expect.objectContaining({ code: 'por_store_busy', retryable: true }))
  journal.close()
  Journal.open(path).journal.close()
  writeFileSync(join(path, 'lock'), '999999999')
  Journal.open(path).journal.close()
  writeFileSync(join(path, 'lock'), `${process.pid}`)
  Journal.open(path).journal.close()
  writeFileSync(join(path, 'lock'), `${process.ppid}`)
  expect(() => Journal.open(path)).toThrow(expect.objectContaining({ code: 'por_store_busy' }))
})

test('a full disk fails by name, before anything is promised', async () => {
  const { journal } = Journal.open(fresh())
  journal.close()
  await expect(journal.append([forgotten(1)], 1)).rejects.toMatchObject({ code: 'por_store_failed' })
})
