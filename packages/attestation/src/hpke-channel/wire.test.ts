import { DcmlError, utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { offerChannel } from './client.ts'
import { formatHead, parseAnswerHead, parseRequestHead } from './head.ts'
import {
  formatChannelRequest,
  MAX_CHANNEL_REQUEST_BYTES,
  parseChannelAnswer,
  parseChannelRequest,
  readPreface,
  writePreface,
} from './wire.ts'

const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
const binding = fc.constantFrom('session-signed' as const, 'session-quoted' as const)
const name = fc.stringMatching(/^[\w!#$%&'*+.^`|~-]{1,20}$/)
const value = fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,40}$/)
const headers = fc.array(fc.tuple(name, value), { maxLength: 8 })

test('what is written is read as it was', () => {
  fc.assert(
    fc.property(fc.record({ nonce: key, clientKey: key, binding }), (request) => {
      expect(parseChannelRequest(formatChannelRequest(request))).toEqual(request)
    }),
  )
  fc.assert(
    fc.property(key, fc.maxSafeNat(), (enc, sequence) => {
      expect(readPreface(writePreface({ enc, sequence }))).toEqual({ enc, sequence })
    }),
  )
  fc.assert(
    fc.property(
      headers,
      fc.stringMatching(/^\/[\x21-\x7e]{0,40}$/),
      fc.integer({ min: 200, max: 599 }),
      (list, path, status) => {
        const request = { method: 'POST', path, headers: list }
        expect(parseRequestHead(formatHead(request))).toEqual(request)
        expect(parseAnswerHead(formatHead({ status, headers: list }))).toEqual({ status, headers: list })
      },
    ),
  )
})

test('anything else is refused by name', () => {
  const codes = [
    'evidence_request_invalid',
    'evidence_malformed',
    'channel_tampered',
    'channel_truncated',
    'channel_version_unknown',
  ]
  const readers = [parseChannelRequest, parseChannelAnswer, parseRequestHead, parseAnswerHead, readPreface]
  const json = fc.json().map(utf8)
  const near = fc
    .record({
      method: fc.string(),
      path: fc.string(),
      status: fc.integer(),
      headers: fc.array(fc.tuple(fc.string(), fc.string())),
    })
    .map((head) => utf8(JSON.stringify(head)))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), json, near), (bytes) => {
      for (const read of readers) {
        try {
          read(bytes)
        } catch (error) {
          expect(DcmlError.isInstance(error) && codes.includes(error.code), String(error)).toBe(true)
        }
      }
    }),
    { numRuns: 500 },
  )
  const beyond = writePreface({ enc: new Uint8Array(32), sequence: 0 }).fill(0xff, 33)
  expect(() => readPreface(beyond)).toThrow(expect.objectContaining({ code: 'channel_tampered' }))
  const long = utf8(' '.repeat(MAX_CHANNEL_REQUEST_BYTES + 1))
  expect(() => parseChannelRequest(long)).toThrow(expect.objectContaining({ code: 'evidence_request_invalid' }))
})

test('a page without cryptography is told why', async () => {
  vi.stubGlobal('crypto', {})
  await expect(offerChannel('session-signed')).rejects.toThrow(
    expect.objectContaining({ code: 'secure_context_required' }),
  )
  const generateKey = () => Promise.reject(new DOMException('', 'NotSupportedError'))
  vi.stubGlobal('crypto', { subtle: { generateKey } })
  await expect(offerChannel('session-signed')).rejects.toThrow(expect.objectContaining({ code: 'browser_unsupported' }))
  vi.unstubAllGlobals()
})
