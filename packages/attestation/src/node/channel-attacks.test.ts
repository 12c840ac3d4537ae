// Attacks on the channel. Each one has everything a network attacker can get, some of them even the enclave's TLS key.
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { open, policyFor, refusal, refusedBy, relay, serve, startEnclave, type Target } from '../../test/world.ts'
import { type AttestRequest, formatAttestRequest } from '../channel/wire.ts'
import { MAX_EVIDENCE_BYTES } from '../evidence/evidence.ts'
import type { Enclave } from './enclave.ts'
import { connectionExporter } from './exporter.ts'

describe('a relay', () => {
  test.each([
    ['session-signed', ['session_signature']],
    ['session-quoted', ['exporter']],
  ] as const)('that holds the leaked TLS key is seen by the exporter: %s', async (binding, checks) => {
    const enclave = await startEnclave()
    const genuine = await serve(enclave)
    const between = await relay(genuine, enclave.tls)
    expect(await refusedBy(between, { policy: await policyFor({ binding }) })).toEqual(checks)
    expect(between.received()).toMatch(/^GET \/dcml\/v1\/evidence\?[^\n]*\r\nHost: [^\n]*\r\nAccept: [^\n]*\r\n\r\n$/)
    expect(genuine.requests).toEqual([])
  })

  test('with the leaked key deceives whoever binds to the key alone, who is warned', async () => {
    const enclave = await startEnclave()
    const genuine = await serve(enclave)
    const between = await relay(genuine, enclave.tls)
    // from a directory of hosts, say: the enclave made it for anyone who asks
    const { peerEvidence: evidence } = await open(genuine)
    const policy = await policyFor({ binding: 'key' })
    const { socket, result } = await open(between, { policy, evidence })
    expect(result.warnings.map(({ code }) => code)).toEqual(['development', 'key_binding'])
    expect(result.warnings[1]!.text).toContain('CVE-2026-33697')
    socket.write('POST /v1/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nsecret')
    await expect.poll(between.received).toContain('secret')

    for (const binding of ['session-signed', 'session-quoted'] as const) {
      const strict = await policyFor({ binding })
      expect(await refusedBy(between, { policy: strict, evidence })).toEqual(['nonce', 'exporter'])
    }
    // a peer that is asked is never bound to its key alone, whatever the policy says
    expect(await refusedBy(between, { policy })).toEqual(['session_signature'])
  })

  test('without the leaked key does not deceive even those', async () => {
    const genuine = await serve(await startEnclave())
    const between = await relay(genuine, (await startEnclave()).tls)
    const { peerEvidence: evidence } = await open(genuine)
    expect(await refusedBy(between, { policy: await policyFor({ binding: 'key' }), evidence })).toEqual(['tls_spki'])
    expect(between.received()).toBe('')
  })

  test.each([
    ['session-signed', ['tls_spki', 'session_signature']],
    ['session-quoted', ['exporter', 'tls_spki']],
  ] as const)('with a key of its own is seen twice: %s', async (binding, checks) => {
    const between = await relay(await serve(await startEnclave()), (await startEnclave()).tls)
    expect(await refusedBy(between, { policy: await policyFor({ binding }) })).toEqual(checks)
  })
})

/** A server with the enclave's leaked keys for TLS that answers as it likes. */
const impostor = (enclave: Enclave, answer: (socket: TLSSocket, request: AttestRequest) => Promise<unknown>) =>
  serve(enclave, { attest: answer })

describe('an impostor', () => {
  test.each([
    ['session-signed', ['session_signature']],
    ['session-quoted', ['nonce', 'exporter']],
  ] as const)('that replays an answer is refused: %s', async (binding, checks) => {
    const enclave = await startEnclave()
    let recorded: unknown
    const target = await impostor(
      enclave,
      async (socket, request) => (recorded ??= await enclave.attest(socket, request)),
    )
    const policy = await policyFor({ binding })
    await open(target, { policy })
    expect(await refusedBy(target, { policy })).toEqual(checks)
  })

  test('that quotes for a nonce of its own is refused', async () => {
    const enclave = await startEnclave()
    const target = await impostor(enclave, (socket, request) =>
      enclave.attest(socket, { ...request, nonce: new Uint8Array(32) }),
    )
    expect(await refusedBy(target, { policy: await policyFor({ binding: 'session-quoted' }) })).toEqual([
      'nonce',
      'exporter',
    ])
    expect(await refusedBy(target)).toEqual(['session_signature'])
  })

  test('that quotes for another purpose is refused', async () => {
    const enclave = await startEnclave()
    const target = await impostor(enclave, (socket, request) =>
      enclave.attest(socket, { ...request, purpose: 'session' }),
    )
    expect(await refusedBy(target, { purpose: 'peer-responder' })).toEqual(['purpose'])
  })

  test('that leaves out the signature is refused', async () => {
    const enclave = await startEnclave()
    const target = await impostor(enclave, async (socket, request) => ({
      evidence: (await enclave.attest(socket, request)).evidence,
    }))
    expect(await refusedBy(target)).toEqual(['nonce', 'exporter'])
  })

  test('that signs with a key of its own, named beside the evidence, is not read', async () => {
    const [enclave, own] = [await startEnclave(), await startEnclave()]
    const mixed = await impostor(enclave, async (socket, request) => ({
      evidence: (await enclave.attest(socket, request)).evidence,
      signature: (await own.attest(socket, request)).signature,
    }))
    expect(await refusedBy(mixed)).toEqual(['session_signature'])
    const named = await impostor(enclave, async (socket, request) => ({
      ...(await enclave.attest(socket, request)),
      sessionKey: Buffer.from(own.sessionKey.publicKey).toString('base64url'),
    }))
    expect(await refusal(open(named))).toMatchObject({ code: 'evidence_malformed' })
    expect([...mixed.requests, ...named.requests]).toEqual([])
  })

  test('that leaves out any field is refused', async () => {
    const enclave = await startEnclave()
    for (const field of ['claims', 'cpu', 'manifest', 'gpu', 'v']) {
      const target = await impostor(enclave, async (socket, request) => {
        const answer = await enclave.attest(socket, request)
        return { ...answer, evidence: { ...answer.evidence, [field]: undefined } }
      })
      expect(await refusedBy(target)).toEqual(['evidence_format'])
    }
    expect(await refusal(open(await impostor(enclave, async () => ({}))))).toMatchObject({ code: 'evidence_malformed' })
  })

  test('that sends more than anyone reads is cut off', async () => {
    const target = await impostor(await startEnclave(), async () => ({
      evidence: { claims: 'A'.repeat(MAX_EVIDENCE_BYTES) },
    }))
    expect(await refusal(open(target))).toMatchObject({ code: 'evidence_too_large' })
  })
})

describe('resumption', () => {
  /** Connects twice, the second time with whatever session the first one was given. */
  async function twice({ host, port }: Target): Promise<TLSSocket> {
    const first = connectTls({ host, port, rejectUnauthorized: false })
    let session: Buffer | undefined
    first.on('session', (given) => (session = given))
    first.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await new Promise((resolve) => first.once('data', resolve))
    expect(session).toBeDefined()
    first.destroy()
    const second = connectTls({ host, port, rejectUnauthorized: false, ...(session && { session }) })
    await new Promise((resolve) => second.once('secureConnect', resolve))
    onTestFinished(() => void second.destroy())
    return second
  }

  test('is not offered by an enclave', async () => {
    expect((await twice(await serve(await startEnclave()))).isSessionReused()).toBe(false)
  })

  test('is refused on both sides where a server offers it all the same', async () => {
    const enclave = await startEnclave()
    const { secureOptions: _, ...tls } = enclave.tls
    const asked: Promise<unknown>[] = []
    const target = await serve(enclave, {
      tls,
      attest: async (socket, request) => {
        asked.push(enclave.attest(socket, request).catch((error) => error.code))
        return {}
      },
    })
    const socket = await twice(target)
    expect(socket.isSessionReused()).toBe(true)
    expect(() => connectionExporter(socket, new Uint8Array(32))).toThrow(
      expect.objectContaining({ code: 'tls_failed' }),
    )
    const path = formatAttestRequest({ nonce: new Uint8Array(32), binding: 'session-signed', purpose: 'session' })
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
    await new Promise((resolve) => socket.once('data', resolve))
    expect(await asked[0]).toBe('tls_failed')
  })
})
