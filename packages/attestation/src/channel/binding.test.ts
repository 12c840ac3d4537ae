import { generateKeyPairSync, sign } from 'node:crypto'
import { fromBase64url } from '@dcml/protocol'
import { expect, test } from 'vitest'
import type { Claims } from '../evidence/claims.ts'
import { development } from '../policy/presets.ts'
import { bindingChecks, type Expectation, sessionMessage } from './binding.ts'

const fill = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const [nonce, exporter, tlsSpki] = [fill(1), fill(2), fill(3)]
const kept: Claims = {
  purpose: 'session',
  nonce: fill(9),
  tlsSpki,
  hpkeKey: fill(4),
  sessionKey: fromBase64url(publicKey.export({ format: 'jwk' }).x!),
  imageH: fill(5),
  boot: fill(6),
  iat: 0,
}
const quoted: Claims = { ...kept, nonce, exporter }
const signature = Uint8Array.from(sign(null, sessionMessage(nonce, exporter), privateKey))
const connection: Expectation = { purpose: 'session', nonce, exporter, tlsSpki }
const signed = { ...connection, signature }

/** One letter per check, in order: purpose, nonce, exporter, TLS key, signature. */
async function judge(claims: Claims, expectation: Expectation, binding: 'key' | 'session-signed' | 'session-quoted') {
  const checks = await bindingChecks(claims, development({ binding }), expectation)
  return checks.map(({ status }) => status[0]).join('')
}

test.each<[string, Claims, Expectation, 'key' | 'session-signed' | 'session-quoted', string]>([
  ['a signature over kept evidence', kept, signed, 'session-signed', 'psspp'],
  ['a quote where a signature would do', quoted, connection, 'session-signed', 'pppps'],
  ['a quote', quoted, connection, 'session-quoted', 'pppps'],
  ['a signature where a quote is demanded', kept, signed, 'session-quoted', 'psspf'],
  ['neither', kept, connection, 'session-signed', 'pffps'],
  [
    'a signature beside a quote of another connection',
    { ...kept, exporter: fill(8) },
    signed,
    'session-signed',
    'psfpp',
  ],
  ['a signature over another nonce', kept, { ...signed, nonce: fill(8) }, 'session-signed', 'psspf'],
  ['a signature over another connection', kept, { ...signed, exporter: fill(8) }, 'session-signed', 'psspf'],
  ['a signature by another key', { ...kept, sessionKey: fill(8) }, signed, 'session-signed', 'psspf'],
  ['a signature cut short', kept, { ...signed, signature: signature.subarray(1) }, 'session-signed', 'psspf'],
  ['another TLS key', kept, { ...signed, tlsSpki: fill(8) }, 'session-signed', 'pssfp'],
  ['no connection, none asked for', kept, { purpose: 'session' }, 'key', 'pssss'],
  ['no connection, one asked for', quoted, { purpose: 'session' }, 'session-quoted', 'pfffs'],
  ['a signature without a connection', kept, { purpose: 'session', signature }, 'key', 'psssf'],
  ['another purpose', { ...quoted, purpose: 'peer-initiator' }, connection, 'session-quoted', 'fppps'],
])('%s', async (_, claims, expectation, binding, statuses) => {
  expect(await judge(claims, expectation, binding)).toBe(statuses)
})

test('nonce and exporter cannot trade bytes in what is signed', () => {
  expect(sessionMessage(fill(1), fill(2))).not.toEqual(sessionMessage(fill(2), fill(1)))
  expect(sessionMessage(nonce, exporter)).toHaveLength('dcml/session/1'.length + 1 + 64)
})
