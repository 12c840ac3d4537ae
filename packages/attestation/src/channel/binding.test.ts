import { generateKeyPairSync, sign } from 'node:crypto'
import { fromBase64url } from '@dcml/protocol'
import { expect, test } from 'vitest'
import type { Claims } from '../evidence/claims.ts'
import { development } from '../policy/presets.ts'
import { bindingChecks, browserSessionMessage, type Expectation, sessionMessage } from './binding.ts'

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

/** One letter per check, in order: purpose, nonce, exporter, TLS key, browser's key, signature. */
async function judge(claims: Claims, expectation: Expectation, binding: 'key' | 'session-signed' | 'session-quoted') {
  const checks = await bindingChecks(claims, development({ binding }), expectation)
  return checks.map(({ status }) => status[0]).join('')
}

test.each<[string, Claims, Expectation, 'key' | 'session-signed' | 'session-quoted', string]>([
  ['a signature over kept evidence', kept, signed, 'session-signed', 'psspsp'],
  ['a quote where a signature would do', quoted, connection, 'session-signed', 'ppppss'],
  ['a quote', quoted, connection, 'session-quoted', 'ppppss'],
  ['a signature where a quote is demanded', kept, signed, 'session-quoted', 'psspsf'],
  ['neither', kept, connection, 'session-signed', 'pffpss'],
  [
    'a signature beside a quote of another connection',
    { ...kept, exporter: fill(8) },
    signed,
    'session-signed',
    'psfpsp',
  ],
  ['a signature over another nonce', kept, { ...signed, nonce: fill(8) }, 'session-signed', 'psspsf'],
  ['a signature over another connection', kept, { ...signed, exporter: fill(8) }, 'session-signed', 'psspsf'],
  ['a signature by another key', { ...kept, sessionKey: fill(8) }, signed, 'session-signed', 'psspsf'],
  ['a signature cut short', kept, { ...signed, signature: signature.subarray(1) }, 'session-signed', 'psspsf'],
  ['another TLS key', kept, { ...signed, tlsSpki: fill(8) }, 'session-signed', 'pssfsp'],
  ['no connection, none asked for', kept, { purpose: 'session' }, 'key', 'psssss'],
  ['no connection, one asked for', quoted, { purpose: 'session' }, 'session-quoted', 'pfffss'],
  ['a signature without a connection', kept, { purpose: 'session', signature }, 'key', 'pssssf'],
  ['another purpose', { ...quoted, purpose: 'peer-initiator' }, connection, 'session-quoted', 'fpppss'],
])('%s', async (_, claims, expectation, binding, statuses) => {
  expect(await judge(claims, expectation, binding)).toBe(statuses)
})

const clientKey = fill(10)
const keptForBrowsers: Claims = { ...kept, purpose: 'browser' }
const quotedForBrowser: Claims = { ...keptForBrowsers, nonce, clientKey }
const browser: Expectation = { purpose: 'browser', nonce, clientKey }
const hpkeKey = fill(11)
const signedForBrowser = {
  ...browser,
  hpkeKey,
  signature: Uint8Array.from(sign(null, browserSessionMessage(nonce, clientKey, hpkeKey), privateKey)),
}

test.each<[string, Claims, Expectation, 'key' | 'session-signed' | 'session-quoted', string]>([
  ['a signature over kept evidence', keptForBrowsers, signedForBrowser, 'session-signed', 'pssssp'],
  ['a quote', quotedForBrowser, browser, 'session-quoted', 'ppssps'],
  ['a quote where a signature would do', quotedForBrowser, browser, 'session-signed', 'ppssps'],
  ['a signature where a quote is demanded', keptForBrowsers, signedForBrowser, 'session-quoted', 'pssssf'],
  ['neither', keptForBrowsers, browser, 'session-signed', 'pfssfs'],
  ["another browser's quote", { ...quotedForBrowser, clientKey: fill(8) }, browser, 'session-quoted', 'ppssfs'],
  [
    "a signature beside another browser's quote",
    { ...quotedForBrowser, clientKey: fill(8) },
    signedForBrowser,
    'session-signed',
    'psssfp',
  ],
  ['another nonce', { ...quotedForBrowser, nonce: fill(8) }, browser, 'session-quoted', 'pfssps'],
  [
    "a signature over another browser's key",
    keptForBrowsers,
    { ...signedForBrowser, clientKey: fill(8) },
    'session-signed',
    'pssssf',
  ],
  [
    "a signature over another key of the enclave's",
    keptForBrowsers,
    { ...signedForBrowser, hpkeKey: fill(8) },
    'session-signed',
    'pssssf',
  ],
  ['a key that nobody signed', quotedForBrowser, { ...browser, hpkeKey }, 'session-quoted', 'ppsspf'],
  ['a key that is quoted', { ...quotedForBrowser, hpkeKey }, { ...browser, hpkeKey }, 'session-quoted', 'ppssps'],
  ['a signature made for TLS', keptForBrowsers, { ...browser, signature }, 'session-signed', 'pssssf'],
  ['evidence made for TLS', quoted, browser, 'session-quoted', 'fpfsfs'],
  ["a browser's evidence shown on TLS", { ...quotedForBrowser, exporter }, connection, 'session-quoted', 'fpppfs'],
  ['no session, none asked for', quotedForBrowser, { purpose: 'browser' }, 'key', 'psssss'],
  ['no session, one asked for', quotedForBrowser, { purpose: 'browser' }, 'session-quoted', 'pfssfs'],
])('in a browser: %s', async (_, claims, expectation, binding, statuses) => {
  expect(await judge(claims, expectation, binding)).toBe(statuses)
})

test('nonce and exporter cannot trade bytes in what is signed', () => {
  expect(sessionMessage(fill(1), fill(2))).not.toEqual(sessionMessage(fill(2), fill(1)))
  expect(sessionMessage(nonce, exporter)).toHaveLength('dcml/session/1'.length + 1 + 64)
})
