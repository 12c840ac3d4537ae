import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AttestRequest, formatAttestRequest, parseAttestAnswer, parseAttestRequest } from './wire.ts'

const nonce = new Uint8Array(32).fill(9)
const query = (text: string): URLSearchParams => new URL(text, 'https://enclave').searchParams
const base = formatAttestRequest({ nonce, binding: 'session-signed', purpose: 'session' })

test('a request survives the trip through its address', () => {
  const request: fc.Arbitrary<AttestRequest> = fc.record({
    nonce: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    binding: fc.constant('session-quoted' as const),
    purpose: fc.constantFrom('session' as const, 'peer-responder' as const),
  })
  fc.assert(
    fc.property(request, (value) => {
      expect(parseAttestRequest(query(formatAttestRequest(value)))).toEqual(value)
    }),
  )
})

test('only a nonce is needed', () => {
  expect(parseAttestRequest(query(`${base.split('&')[0]}`))).toEqual({
    nonce,
    binding: 'session-signed',
    purpose: 'session',
  })
})

test.each([
  ['no nonce', '/dcml/v1/evidence'],
  ['a short nonce', '/dcml/v1/evidence?nonce=AAAA'],
  ['two nonces', `${base}&nonce=${'A'.repeat(43)}`],
  ['a binding to the key alone', base.replace('session-signed', 'key')],
  ['the purpose that only a dialling enclave quotes for', base.replace('purpose=session', 'purpose=peer-initiator')],
  ['a peer that is not quoted', base.replace('purpose=session', 'purpose=peer-responder')],
  ['report data from outside', `${base}&reportData=AAAA`],
])('a request with %s is refused', (_, text) => {
  expect(() => parseAttestRequest(query(text))).toThrow(expect.objectContaining({ code: 'evidence_request_invalid' }))
})

test.each([
  ['nothing', undefined],
  ['no evidence', {}],
  ['evidence that is text', { evidence: 'x' }],
  ['a short signature', { evidence: {}, signature: 'AAAA' }],
  ['a key beside the evidence', { evidence: {}, sessionKey: 'AAAA' }],
])('an answer with %s is refused', (_, json) => {
  expect(() => parseAttestAnswer(json)).toThrow(expect.objectContaining({ code: 'evidence_malformed' }))
})
