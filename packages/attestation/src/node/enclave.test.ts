import { fromBase64url, fromHex, toHex, utf8, verifyEd25519 } from '@dcml/protocol'
import { describe, expect, test } from 'vitest'
import { manifest, refusal, serve, simulator, startEnclave } from '../../test/world.ts'
import { browserSessionMessage } from '../channel/binding.ts'
import { type Claims, parseClaims } from '../evidence/claims.ts'
import { type EvidenceJson, parseEvidence } from '../evidence/evidence.ts'
import { imageH } from '../evidence/manifest.ts'
import type { CpuEvidence, TeeBackend } from '../tee.ts'
import { dial } from './dial.ts'
import type { Enclave } from './enclave.ts'
import { Quoter } from './quoter.ts'

const nonce = new Uint8Array(32)
const claimsOf = ({ evidence }: { evidence: EvidenceJson }) => parseClaims(parseEvidence(evidence).claims)

/** A simulated TEE that counts its quotes and fails on demand. */
class CountingTee implements TeeBackend {
  readonly name = 'simulator'
  readonly environment = 'development'
  quotes = 0
  most = 0
  broken = false
  #open = 0

  async quote(reportData: Uint8Array): Promise<CpuEvidence> {
    if (this.broken) throw new Error('no quote generation service')
    this.quotes++
    this.most = Math.max(this.most, ++this.#open)
    await new Promise(setImmediate)
    this.#open--
    return (await simulator()).createTee({ imageH: imageH(manifest()) }).quote(reportData)
  }
}

/** Asks an enclave over one real connection, from the side of its server. */
async function asking(enclave: Enclave) {
  let ask: Enclave['attest'] | undefined
  const { host, port } = await serve(enclave, {
    attest: async (socket) => {
      ask = (_, request) => enclave.attest(socket, request)
      return {}
    },
  })
  const socket = await dial(host, port, new AbortController().signal)
  socket.write(`GET /dcml/v1/evidence?nonce=${'A'.repeat(43)} HTTP/1.1\r\nHost: x\r\n\r\n`)
  await new Promise((resolve) => socket.once('data', resolve))
  return (binding: 'session-signed' | 'session-quoted', purpose: 'session' | 'peer-responder' = 'session') =>
    ask!(undefined as never, { nonce, binding, purpose })
}

describe('evidence for sessions', () => {
  test('is kept, and quoted again when it is old or another model is loaded', async () => {
    const tee = new CountingTee()
    let now = 1_790_000_000_000
    let modelH: Uint8Array | undefined
    const enclave = await startEnclave({ tee, clock: () => now, modelH: () => modelH, refreshSeconds: 60 })
    const ask = await asking(enclave)
    await Promise.all([ask('session-signed'), ask('session-signed')])
    expect(tee.quotes).toBe(1)

    now += 59_999
    await ask('session-signed')
    expect(tee.quotes).toBe(1)
    now += 1
    // the old evidence serves until the new one is there
    expect(claimsOf(await ask('session-signed')).iat).toBe(now - 60_000)
    await expect.poll(async () => claimsOf(await ask('session-signed')).iat, { timeout: 4000 }).toBe(now)
    expect(tee.quotes).toBe(2)

    modelH = new Uint8Array(32).fill(1)
    expect(claimsOf(await ask('session-signed')).modelH).toEqual(modelH)
    await ask('session-signed')
    expect(tee.quotes).toBe(3)
  })

  test('is quoted for the connection where that is asked for, one quote at a time', async () => {
    const tee = new CountingTee()
    const enclave = await startEnclave({ tee })
    const answers = await Promise.all(
      [1, 2, 3].map(async () => (await asking(enclave))('session-quoted', 'peer-responder')),
    )
    expect([tee.quotes, tee.most]).toEqual([4, 1])
    for (const answer of answers) {
      expect(answer.signature).toBeUndefined()
      expect(claimsOf(answer)).toMatchObject({ purpose: 'peer-responder', nonce, exporter: expect.any(Uint8Array) })
    }
  })
})

describe('evidence for browsers', () => {
  const session = { nonce, clientKey: new Uint8Array(32).fill(7), hpkeKey: new Uint8Array(32).fill(8) }

  test('is quoted once and signed for each session', async () => {
    const tee = new CountingTee()
    const enclave = await startEnclave({ tee })
    expect(tee.quotes).toBe(1)
    const [answer] = await Promise.all(
      [1, 2].map(() => enclave.browserEvidence({ ...session, binding: 'session-signed' })),
    )
    expect(tee.quotes).toBe(2)
    const claims = claimsOf(answer!)
    expect(claims).toMatchObject({ purpose: 'browser', tlsSpki: enclave.tlsSpki, boot: enclave.boot })
    expect(claims.clientKey).toBeUndefined()
    const message = browserSessionMessage(session.nonce, session.clientKey, session.hpkeKey)
    expect(await verifyEd25519(claims.sessionKey, message, fromBase64url(answer!.signature!))).toBe(true)
  })

  test('is quoted for the session, over a key that was made for it alone', async () => {
    const enclave = await startEnclave()
    const answer = await enclave.browserEvidence({ ...session, binding: 'session-quoted' })
    expect(answer.signature).toBeUndefined()
    expect(claimsOf(answer)).toMatchObject({ purpose: 'browser', ...session })
  })
})

test('a TEE that fails is reported, and tried again for the next caller', async () => {
  const tee = new CountingTee()
  let now = Date.now()
  const ask = await asking(await startEnclave({ tee, clock: () => now }))
  now += 3_600_000
  tee.broken = true
  expect(await refusal(ask('session-signed'))).toMatchObject({ code: 'quote_failed', retryable: true })
  expect(await refusal(ask('session-quoted'))).toMatchObject({ code: 'quote_failed' })
  tee.broken = false
  expect(claimsOf(await ask('session-signed')).iat).toBe(now)
  tee.broken = true
  expect(await refusal(startEnclave({ tee }))).toMatchObject({ code: 'quote_failed' })
})

test('a TEE that hangs does not hold up the callers behind it', async () => {
  const tee = new CountingTee()
  let hang = true
  const quoter = new Quoter(
    { name: 'stuck', environment: 'development', quote: (data) => (hang ? new Promise(() => {}) : tee.quote(data)) },
    manifest(),
    20,
  )
  const claims = (): Claims => ({
    purpose: 'session',
    nonce,
    tlsSpki: nonce,
    hpkeKey: nonce,
    sessionKey: nonce,
    imageH: imageH(manifest()),
    boot: nonce,
    iat: 0,
  })
  const first = quoter.quote(claims)
  const second = quoter.quote(() => {
    hang = false
    return claims()
  })
  expect(await refusal(first)).toMatchObject({ code: 'quote_failed' })
  expect(await second).toMatchObject({ v: 1 })
})

test('every start has keys of its own, and none can be read from its public face', async () => {
  const [a, b] = [await startEnclave(), await startEnclave()]
  for (const of of [(e: Enclave) => e.boot, (e: Enclave) => e.tlsSpki, (e: Enclave) => e.sessionKey.publicKey])
    expect(of(a)).not.toEqual(of(b))
  expect(JSON.stringify(a.sessionKey)).not.toContain('PRIVATE')
  expect(Object.keys(a.sessionKey)).toEqual(['publicKey', 'sign'])
})

test('an enclave does not start from a manifest that it cannot read', async () => {
  expect(await refusal(startEnclave({ manifest: utf8('{}') }))).toMatchObject({ code: 'manifest_malformed' })
})

test('an enclave that dstack started is named by its app-compose text', async () => {
  const text = utf8(JSON.stringify({ manifest_version: 2, name: 'chat', runner: 'docker-compose' }))
  const { manifest: read, imageH: hash } = await startEnclave({ manifest: text })
  expect(read).toEqual({ kind: 'dstack', name: 'chat', models: 'any' })
  expect(hash).toEqual(imageH(text))
})

describe('the session key', () => {
  const seedOf = (byte: number) => new Uint8Array(32).fill(byte)

  test('is new in every life, or follows from the seed (RFC 8032 §7.1, test 1)', async () => {
    const [one, other] = await Promise.all([startEnclave(), startEnclave()])
    expect(one.sessionKey.publicKey).not.toEqual(other.sessionKey.publicKey)
    const sessionSeed = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
    const { sessionKey } = await startEnclave({ sessionSeed })
    expect(toHex(sessionKey.publicKey)).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
    const signature = await sessionKey.sign(utf8('x'))
    await expect(verifyEd25519(sessionKey.publicKey, utf8('x'), signature)).resolves.toBe(true)
  })

  test('is all that a seed decides: TLS and HPKE keys are new in every life', async () => {
    const lives = await Promise.all([1, 2].map(() => startEnclave({ sessionSeed: seedOf(1) })))
    expect(toHex(lives[0]!.sessionKey.publicKey)).toBe(toHex(lives[1]!.sessionKey.publicKey))
    expect(toHex(lives[0]!.tlsSpki)).not.toBe(toHex(lives[1]!.tlsSpki))
    expect(toHex(lives[0]!.boot)).not.toBe(toHex(lives[1]!.boot))
  })

  test('needs a seed of 32 bytes', async () => {
    const short = startEnclave({ sessionSeed: new Uint8Array(31) })
    await expect(short).rejects.toMatchObject({ code: 'enclave_session_seed' })
  })
})
