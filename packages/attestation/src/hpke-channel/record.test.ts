import { concatBytes } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_RECORD_BYTES, type MessageId, RecordOpener, RecordSealer, RecordSplitter } from './record.ts'

const raw = new Uint8Array(32).fill(3)
const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
const id: MessageId = { session: new Uint8Array(16).fill(1), direction: 'request', sequence: 4 }
const tampered = expect.objectContaining({ code: 'channel_tampered' })

/** Cuts bytes at the given places. */
function* cut(bytes: Uint8Array, places: readonly number[]): Generator<Uint8Array> {
  let at = 0
  for (const place of [...places].sort((a, b) => a - b)) {
    yield bytes.subarray(at, Math.max(at, place))
    at = Math.max(at, place)
  }
  yield bytes.subarray(at)
}

test('records arrive as they were, in whatever pieces the stream comes', async () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(messages, fc.array(fc.nat(700), { maxLength: 12 }), async (plains, places) => {
      const sealer = new RecordSealer(key, id)
      const records = [...(await Promise.all(plains.map((plain) => sealer.seal(plain)))), await sealer.end()]
      const splitter = new RecordSplitter()
      const opener = new RecordOpener(key, id)
      const opened: Uint8Array[] = []
      for (const piece of cut(concatBytes(...records), places))
        for (const record of splitter.push(piece)) opened.push(await opener.open(record))
      splitter.end()
      expect(opened).toEqual([...plains, new Uint8Array()])
    }),
    { numRuns: 60 },
  )
})

test('the splitter holds at most one record, and refuses every other length', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (pieces) => {
      const splitter = new RecordSplitter()
      try {
        for (const piece of pieces)
          for (const { sealed } of splitter.push(piece)) expect(sealed.length).toBeGreaterThanOrEqual(16)
        splitter.end()
      } catch (error) {
        expect(['channel_tampered', 'channel_truncated']).toContain((error as { code?: string }).code)
      }
    }),
    { numRuns: 300 },
  )
  for (const length of [0, 15, MAX_RECORD_BYTES + 17, 0x7fff_ffff]) {
    const word = new Uint8Array(4)
    new DataView(word.buffer).setUint32(0, length)
    expect(() => new RecordSplitter().push(word), `${length}`).toThrow(tampered)
  }
})

test('many bytes become records of the longest length', async () => {
  const sealer = new RecordSealer(key, id)
  const plain = new Uint8Array(2 * MAX_RECORD_BYTES + 1).map((_, i) => i % 251)
  const splitter = new RecordSplitter()
  const records = splitter.push(concatBytes(await sealer.sealAll(plain), await sealer.end()))
  expect(records.map(({ sealed }) => sealed.length - 16)).toEqual([MAX_RECORD_BYTES, MAX_RECORD_BYTES, 1, 0])
  const opener = new RecordOpener(key, id)
  expect(concatBytes(...(await Promise.all(records.map((record) => opener.open(record)))))).toEqual(plain)
  expect(() => splitter.push(Uint8Array.of(0))).toThrow(tampered)
})

test('a record opens in its own place of its own message alone', async () => {
  const sealer = new RecordSealer(key, id)
  const first = await sealer.seal(Uint8Array.of(1))
  const record = new RecordSplitter().push(first)[0]!
  const others: MessageId[] = [
    { ...id, session: new Uint8Array(16).fill(2) },
    { ...id, direction: 'answer' },
    { ...id, sequence: 5 },
  ]
  for (const other of others) await expect(new RecordOpener(key, other).open(record)).rejects.toThrow(tampered)
  await expect(new RecordOpener(key, id).open({ ...record, final: true })).rejects.toThrow(tampered)
  const second = new RecordOpener(key, id)
  await second.open(record)
  await expect(second.open(record)).rejects.toThrow(tampered)
})
