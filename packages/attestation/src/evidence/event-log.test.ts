import { createHash } from 'node:crypto'
import { utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  eventDigest,
  formatEventLog,
  identityFault,
  type LogEvent,
  parseEventLog,
  replayEventLog,
} from './event-log.ts'

const image = new Uint8Array(32).fill(7)
const event = (name: string, payload = new Uint8Array(), imr = 3): LogEvent => ({
  imr,
  event: name,
  digest: eventDigest(name, payload),
  payload,
})
const measured = event('image', image)
const ready = event('ready')

const events = fc.array(
  fc
    .record({ imr: fc.nat(3), event: fc.string({ maxLength: 20 }), payload: fc.uint8Array({ maxLength: 64 }) })
    .map(({ imr, event: name, payload }) => event(name, payload, imr)),
)

test('a log survives the trip through its bytes and replays as TDX extends', () => {
  fc.assert(
    fc.property(events, (log) => {
      expect(parseEventLog(formatEventLog(log))).toEqual(log)
      const registers = [0, 1, 2, 3].map((imr) =>
        log
          .filter((entry) => entry.imr === imr)
          .reduce(
            (register, { digest }) => createHash('sha384').update(register).update(digest).digest(),
            Buffer.alloc(48),
          ),
      )
      expect(replayEventLog(log).map((register) => Buffer.from(register))).toEqual(registers)
    }),
  )
})

test('a digest is that of dstack: type, name, payload', () => {
  const expected = createHash('sha384').update(Buffer.from('01000008', 'hex')).update(':image:').update(image).digest()
  expect(Buffer.from(eventDigest('image', image))).toEqual(expected)
})

test('an image measured once before ready is believed, with other events around', () => {
  expect(identityFault([event('kernel', image, 1), measured, event('x'), ready, event('y')], image)).toBeUndefined()
})

test.each<[string, LogEvent[], RegExp]>([
  ['no event at all', [], /image is not there/],
  ['no ready', [measured], /ready is not there/],
  ['a second image', [measured, ready, measured], /image is not there exactly once/],
  ['a second ready', [measured, ready, ready], /ready is not there exactly once/],
  ['an image after ready', [ready, measured], /after ready/],
  ['another image', [event('image', new Uint8Array(32)), ready], /another image/],
  ['an image in a register that anyone extends', [event('image', image, 2), ready], /image is not there/],
  ['a payload that was not measured', [{ ...event('image', new Uint8Array(32)), payload: image }, ready], /digest/],
  ['a name that was not measured', [{ ...event('other', image), event: 'image' }, ready], /digest/],
])('a log with %s is refused', (_, log, why) => {
  expect(identityFault(log, image)).toMatch(why)
})

test.each([
  ['a register that does not exist', '[{"imr":4,"event":"a","digest":"DD","payload":""}]'],
  ['a short digest', '[{"imr":3,"event":"a","digest":"00","payload":""}]'],
  ['an unknown member', '[{"imr":3,"event":"a","digest":"DD","payload":"","x":1}]'],
  ['no list', '{}'],
  ['too many events', `[${'0,'.repeat(600)}0]`],
  ['too many bytes', `[${' '.repeat(131_072)}]`],
])('a log with %s is refused', (_, log) => {
  const bytes = utf8(log.replace('DD', '00'.repeat(48)))
  expect(() => parseEventLog(bytes)).toThrow(expect.objectContaining({ code: 'event_log_malformed' }))
})
