import { toHex, utf8 } from '@dcml/protocol'
import { sha256, sha384 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findVector } from '../../../../test/vectors.ts'
import { eventDigest, replayEventLog } from '../evidence/event-log.ts'
import { mrConfigId } from '../tdx/config-id.ts'
import { readQuote } from '../tdx/quote.ts'
import { readDstackLog } from './dstack.ts'
import { dstackIdentity, isDstackLog } from './dstack-identity.ts'

const own = (event: string, payload: Uint8Array = new Uint8Array(), more: object = {}) => ({
  imr: 3,
  event_type: 0x0800_0001,
  digest: toHex(eventDigest(event, payload)),
  event,
  event_payload: toHex(payload),
  ...more,
})
const firmware = { imr: 0, event_type: 4, digest: 'ab'.repeat(48), event: '', event_payload: '00000000' }
const fill = (length: number, byte: number) => new Uint8Array(length).fill(byte)
const boot = [
  own('system-preparing'),
  own('app-id', fill(20, 1)),
  own('compose-hash', fill(32, 2)),
  own('instance-id', fill(20, 3)),
  own('boot-mr-done'),
  own('os-image-hash', fill(32, 4)),
  own('key-provider', utf8('{"name":"kms","id":"ab"}')),
  own('system-ready'),
]
const read = (...entries: object[]) => readDstackLog(JSON.stringify(entries))

test('events are read with the digests that they extended', () => {
  const [first, second] = read(firmware, own('app-id', fill(20, 1)))
  expect(first).toMatchObject({ imr: 0, type: 4, event: '', digest: fill(48, 0xab) })
  expect(second).toMatchObject({ imr: 3, event: 'app-id', payload: fill(20, 1) })
  expect(second!.digest).toEqual(eventDigest('app-id', fill(20, 1)))
})

test('a digest that was left out is recomputed, one of firmware cannot be', () => {
  expect(read(own('app-id', fill(20, 1), { digest: '' }))).toEqual(read(own('app-id', fill(20, 1))))
  expect(() => read({ ...firmware, digest: '' })).toThrow('no SHA-384')
})

test('digests of version 2 are over canonical JSON', () => {
  const text = '{"name":"a \\"name\\"","payload":"abcd","type":134217729}'
  const preimage = toHex(utf8(text))
  const entry = { version: 2, digest: toHex(sha384(utf8(text))), preimage }
  const [event] = read(own('a "name"', Uint8Array.of(0xab, 0xcd), entry))
  expect(event!.digest).toEqual(sha384(utf8(text)))
  expect(() => read(own('a "name"', Uint8Array.of(0xab, 0xce), entry))).toThrow('not over its name and payload')
  expect(() => read(own('a "name"', Uint8Array.of(0xab, 0xcd), { ...entry, version: 1 }))).toThrow('not over')
  expect(() => read(own('a "name"', Uint8Array.of(0xab, 0xcd), { ...entry, preimage: `${preimage}00` }))).toThrow(
    'says was hashed',
  )
})

describe('refused', () => {
  test.each<[string, object | string]>([
    ['no array', '{}'],
    ['no JSON', 'nonsense'],
    ['a payload changed', own('compose-hash', fill(32, 2), { event_payload: toHex(fill(32, 9)) })],
    ['a name changed', own('compose-hash', fill(32, 2), { event: 'other' })],
    ['an event of its own in a register of firmware', own('app-id', fill(20, 1), { imr: 2 })],
    ['an event of firmware in its own register', { ...firmware, imr: 3 }],
    ['a register that is not there', { ...firmware, imr: 4 }],
    ['hex in capitals', own('app-id', fill(20, 0xab), { event_payload: 'AB'.repeat(20) })],
    ['a member that nobody knows', { ...firmware, more: 1 }],
    ['a digest of another length', { ...firmware, digest: 'ab'.repeat(32) }],
    ['a name that is no text', own('\ufffd', fill(1, 1), { event: '\ud800' })],
    ['a version that nobody knows', own('app-id', fill(20, 1), { version: 3 })],
  ])('%s', (_, entry) => {
    const text = typeof entry === 'string' ? entry : JSON.stringify([entry])
    expect(() => readDstackLog(text)).toThrow(expect.objectContaining({ code: 'event_log_malformed' }))
  })

  test('more events, longer texts and longer payloads than a boot makes', () => {
    const refused = expect.objectContaining({ code: 'event_log_malformed' })
    expect(() => read(...Array.from({ length: 1025 }, () => own('e')))).toThrow(refused)
    expect(() => readDstackLog(' '.repeat(262_145))).toThrow(refused)
    expect(() => read({ ...firmware, event_payload: '00'.repeat(32_769) })).toThrow(refused)
  })

  test('any JSON, with the one code', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        if (Array.isArray(value) && value.length === 0) return
        expect(() => readDstackLog(JSON.stringify(value))).toThrow(
          expect.objectContaining({ code: 'event_log_malformed' }),
        )
      }),
      { numRuns: 200 },
    )
  })
})

describe('identity', () => {
  const identity = (...entries: object[]) => dstackIdentity(read(...entries))
  const at = (name: string) => boot.findIndex(({ event }) => event === name)

  test('is what was measured before the app ran', () => {
    expect(identity(firmware, ...boot, own('anything', fill(3, 9)))).toEqual({
      appId: fill(20, 1),
      composeHash: fill(32, 2),
      instanceId: fill(20, 3),
      keyProvider: utf8('{"name":"kms","id":"ab"}'),
      initScriptHashes: [],
      gpuPolicyHash: undefined,
    })
    expect(isDstackLog(read(...boot))).toBe(true)
    expect(isDstackLog(read(firmware, own('image', fill(32, 1)), own('ready')))).toBe(false)
  })

  test('tells scripts and GPU policy of the boot, and none that the app measured', () => {
    const [scripts, policy] = [[fill(32, 5), fill(32, 6)], fill(32, 7)]
    const events = [...scripts.map((hash) => own('init-script-hash', hash)), own('gpu-policy-hash', policy)]
    const later = [own('init-script-hash', fill(32, 8)), own('gpu-policy-hash', fill(32, 9))]
    const measured = { initScriptHashes: scripts, gpuPolicyHash: policy }
    expect(identity(...boot.toSpliced(at('instance-id'), 0, ...events), ...later)).toMatchObject(measured)
    expect(identity(...boot, ...later)).toMatchObject({ initScriptHashes: [], gpuPolicyHash: undefined })
  })

  test('an app may ask for no instance id', () => {
    expect(identity(...boot.with(3, own('instance-id'))).instanceId).toEqual(new Uint8Array())
  })

  test.each(['app-id', 'compose-hash', 'instance-id', 'boot-mr-done', 'key-provider', 'system-ready'])(
    '%s has to be there once, wherever a second one is',
    (name) => {
      const entry = boot[at(name)]!
      expect(() => identity(...boot.toSpliced(at(name), 1))).toThrow(name)
      for (let place = 0; place <= boot.length; place++)
        expect(() => identity(...boot.toSpliced(place, 0, entry))).toThrow(`${name} is not there exactly once`)
    },
  )

  test('another order is refused', () => {
    const ordered = ['app-id', 'compose-hash', 'instance-id', 'boot-mr-done', 'key-provider', 'system-ready'].map(at)
    for (const [i, first] of ordered.entries())
      for (const second of ordered.slice(i + 1)) {
        const swapped = boot.with(first, boot[second]!).with(second, boot[first]!)
        expect(() => identity(...swapped)).toThrow('order')
      }
  })

  test('lengths that dstack does not write are refused', () => {
    for (const [name, length] of [
      ['app-id', 32],
      ['compose-hash', 20],
      ['instance-id', 32],
      ['system-ready', 1],
    ] as const)
      expect(() => identity(...boot.with(at(name), own(name, fill(length, 1))))).toThrow(`${length} bytes`)
  })
})

const log = findVector('attestation/logs/dstack-2026-03/event-log.json')
const quote = findVector('attestation/logs/dstack-2026-03/quote.bin')
const compose = findVector('attestation/logs/dstack-2026-03/app-compose.json')

test.skipIf(!log || !quote || !compose)(
  'the log of a service in production leads to its quote and its compose file',
  () => {
    const { report } = readQuote(quote!)
    const events = readDstackLog(log!)
    expect(replayEventLog(events).map(toHex)).toEqual(report.rtmr.map(toHex))
    const { composeHash, appId } = dstackIdentity(events)
    expect(toHex(composeHash)).toBe(toHex(sha256(compose!)))
    expect(report.mrConfigId).toEqual(mrConfigId(composeHash))
    expect(appId.length).toBe(20)
  },
)
