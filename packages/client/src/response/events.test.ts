import { concatBytes, utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventSplitter, type StreamEvent } from './events.ts'

const split = (chunks: readonly Uint8Array[]): { events: StreamEvent[]; incomplete: boolean } => {
  const splitter = new EventSplitter()
  const events = chunks.flatMap((chunk) => [...splitter.push(chunk)])
  return { events, incomplete: splitter.incomplete }
}

const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((value) => value.replace(/[\r\n]/g, ' '))
const event = fc.oneof(
  text.map((payload) => ({ wire: `data: ${payload}\n\n`, payload })),
  text.map((payload) => ({ wire: `event: response.done\ndata: ${payload}\n\n`, payload })),
  text.map((comment) => ({ wire: `:${comment}\n\n`, payload: undefined })),
)

test('however a stream is cut into chunks, the same events come out and no byte is lost', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (events, cuts) => {
      const bytes = utf8(events.map(({ wire }) => wire).join(''))
      const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
      const result = split(at.slice(1).map((end, i) => bytes.slice(at[i], end)))
      expect(result.incomplete).toBe(false)
      expect(result.events.map(({ payload }) => payload)).toEqual(events.map(({ payload }) => payload))
      expect(concatBytes(...result.events.map((e) => e.bytes))).toEqual(bytes)
    }),
  )
})

test('a reader as the HTML standard describes it sees the same payloads in what is passed on', () => {
  const line = fc.constantFrom(
    'data: a',
    'data:b',
    'data',
    'data:  c',
    'event: x',
    'event:',
    'id: 1',
    'retry: 5',
    ': c',
    '',
  )
  const end = fc.constantFrom('\n', '\r', '\r\n', '\n\n')
  const stream = fc.array(fc.tuple(line, end), { maxLength: 8 }).map((lines) => lines.flat().join(''))
  fc.assert(
    fc.property(stream, (wire) => {
      let events: StreamEvent[]
      try {
        events = split([utf8(wire)]).events
      } catch (error) {
        expect(error).toMatchObject({ code: 'response_malformed' })
        return
      }
      const passed = new TextDecoder().decode(concatBytes(...events.map(({ bytes }) => bytes)))
      expect(events.flatMap(({ payload }) => payload ?? [])).toEqual(standardPayloads(passed))
    }),
    { numRuns: 1000 },
  )
})

/** WHATWG HTML §9.2.6, without id and retry. */
function standardPayloads(wire: string): string[] {
  const payloads: string[] = []
  let data: string[] = []
  const lines = wire.split(/\r\n|\n|\r/)
  for (const line of lines.slice(0, -1)) {
    if (line === '') {
      if (data.length > 0) payloads.push(data.join('\n'))
      data = []
    } else if (line === 'data') data.push('')
    else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''))
  }
  return payloads
}

test.each([
  ['bytes that are not UTF-8', Uint8Array.of(...utf8('data: '), 0xff, 10, 10)],
  ['a byte order mark', Uint8Array.of(0xef, 0xbb, 0xbf, ...utf8('data: a\n\n'))],
  ['a blank line too many', utf8('data: a\n\n\n')],
])('%s is refused', (_, bytes) => {
  expect(() => split([bytes])).toThrow(expect.objectContaining({ code: 'response_malformed' }))
})

test('an event without end is refused before it fills the memory', () => {
  const splitter = new EventSplitter()
  const chunk = new Uint8Array(1024 * 1024).fill(97)
  expect(() => {
    for (let i = 0; i < 9; i++) for (const _ of splitter.push(chunk)) throw new Error('there is no event')
  }).toThrow(expect.objectContaining({ code: 'response_malformed' }))
})

test('the middle of an event is no end', () => {
  for (const wire of ['data: a', 'data: a\n', 'data: a\n\ndata']) expect(split([utf8(wire)]).incomplete).toBe(true)
})
