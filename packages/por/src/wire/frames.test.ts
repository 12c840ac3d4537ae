import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyMessage } from './arbitrary.ts'
import { decodeMessage, encodeMessage, MAX_MESSAGE } from './codec.ts'
import { encodeFrame, FrameReader, HEARTBEAT } from './frames.ts'

const malformed = expect.objectContaining({ code: 'por_frame_malformed' })
const head = (length: number) => new Uint8Array(new Uint32Array([length]).buffer)
const read = (reader: FrameReader, chunk: Uint8Array, now = 0) =>
  Array.from(reader.push(chunk, now), (body) => Uint8Array.from(body))

test('frames arrive whole however the bytes were cut', () => {
  fc.assert(
    fc.property(
      fc.array(anyMessage, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 400 })),
      (messages, cuts) => {
        const stream = Buffer.concat([...messages.map(encodeFrame), HEARTBEAT])
        const reader = new FrameReader()
        const bodies: Uint8Array[] = []
        let at = 0
        for (const size of [...cuts, stream.length]) {
          bodies.push(...read(reader, stream.subarray(at, at + size)))
          at += size
        }
        expect(bodies.pop()).toHaveLength(0)
        expect(bodies.map(decodeMessage)).toEqual(messages)
        expect(reader).toMatchObject({ partialSince: null, capacity: 0 })
      },
    ),
    { numRuns: 150 },
  )
})

test('random bytes end in frames or in a refusal by name', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (chunks) => {
      const reader = new FrameReader()
      try {
        for (const chunk of chunks) read(reader, chunk)
      } catch (error) {
        expect(error).toEqual(malformed)
      }
    }),
    { numRuns: Number(process.env.DCML_FUZZ_FRAMES ?? 3000) },
  )
})

test('what is announced costs nothing until it arrives', () => {
  const reader = new FrameReader()
  read(reader, head(MAX_MESSAGE), 5)
  expect(reader.capacity).toBeLessThanOrEqual(1024)
  expect(reader.partialSince).toBe(5)
  let arrived = 4
  const response = Uint8Array.of(5)
  for (let i = 0; i < 5000; i++, arrived++) {
    read(reader, i === 0 ? response : Uint8Array.of(0), 6)
    expect(reader.capacity).toBeLessThanOrEqual(Math.max(1024, 2 * arrived))
  }
  expect(reader.partialSince).toBe(5)
})

test('the clock of a frame starts again with the next one', () => {
  const reader = new FrameReader()
  const frame = encodeFrame({ type: 'ack', requestHash: new Uint8Array(32), edgeId: 1n, window: 1 })
  read(reader, frame.subarray(0, 10), 1)
  expect(read(reader, Buffer.concat([frame.subarray(10), frame.subarray(0, 3)]), 2)).toHaveLength(1)
  expect(reader.partialSince).toBe(2)
})

test.each([
  ['longer than any message', Buffer.concat([head(MAX_MESSAGE + 1)])],
  ['longer than its type allows', Buffer.concat([head(100_000), Buffer.of(2)])],
  ['of no type', Buffer.concat([head(100), Buffer.of(99)])],
])('a frame %s is refused at its head', (_, bytes) => {
  expect(() => read(new FrameReader(), bytes)).toThrow(malformed)
  const reader = new FrameReader()
  expect(() => {
    for (const byte of bytes) read(reader, Uint8Array.of(byte))
  }).toThrow(malformed)
})

test('encodeFrame puts the length of the message before it, little-endian', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const body = encodeMessage(message)
      expect(encodeFrame(message)).toEqual(Uint8Array.from(Buffer.concat([head(body.length), body])))
    }),
    { numRuns: 20 },
  )
})
