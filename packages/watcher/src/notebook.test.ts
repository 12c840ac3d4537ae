import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PlacedEvent } from '@dcml/near'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { Notebook, nodeName, readNotes, writeNotes } from './notebook.ts'

const folder = mkdtempSync(join(tmpdir(), 'dcml-notebook-'))
afterAll(() => rmSync(folder, { recursive: true }))

const here = { networkId: 'testnet', contract: 'model.near' }
const names = ['channel_opened', 'channel_topped_up', 'close_started']
const events = fc.array(
  fc.record({
    contractId: fc.constant(here.contract),
    standard: fc.constant('dcml_model'),
    version: fc.constant('1.0.0'),
    event: fc.constantFrom(...names),
    data: fc.record({ channel_id: fc.constantFrom('1', '2', '3'), deposited: fc.bigInt({ min: 0n }).map(String) }),
    blockHeight: fc.nat(),
    blockHash: fc.string(),
    receiptId: fc.string(),
  }),
)

test('what is kept of a node is read again, the newest event of each kind for each open channel', () => {
  const path = join(folder, 'state.json')
  fc.assert(
    fc.property(events, fc.nat(), fc.subarray<string>(['1', '2', '3']), (all, next, open) => {
      const book = new Notebook({ next: 0, events: [] })
      book.take(all, next, (id) => open.includes(id))
      writeNotes(path, here, { [nodeName('https://node?key=secret')]: book.notes })
      const [[name, notes]] = Object.entries(readNotes(path, here)!) as [[string, typeof book.notes]]
      expect(name).not.toContain('secret')
      expect(new Notebook(notes).notes).toEqual(book.notes)
      const newest = (id: string, kind: string) =>
        all.findLast(({ event, data }) => event === kind && data.channel_id === id)
      const wanted = open.flatMap((id) => names.flatMap((kind) => newest(id, kind) ?? []))
      expect(new Set(notes.events)).toEqual(new Set(wanted as PlacedEvent[]))
      expect(notes.next).toBe(next)
    }),
    { numRuns: 50 },
  )
  expect(readdirSync(folder)).toEqual(['state.json'])
})

test('any other text is refused, whole', () => {
  const path = join(folder, 'other.json')
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      writeFileSync(path, text)
      expect(() => readNotes(path, here)).toThrow(expect.objectContaining({ code: 'watcher_state_invalid' }))
    }),
    { numRuns: 100 },
  )
  expect(readNotes(join(folder, 'none.json'), here)).toBeUndefined()
})
