// Attacks on the channel. Each one has everything a network attacker can get, some of them even the enclave's TLS key.
import { createServer as createHttpServer, request as httpRequest } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { failures, listen, policyFor, refusal, serve, simulator, startEnclave } from '../../test/world.ts'
import type { AttestationRefused } from '../channel/refused.ts'
import { type AttestAnswer, type AttestRequest, formatAttestRequest } from '../channel/wire.ts'
import { verifyEvidence } from '../evidence/verify.ts'
import { clientDefault } from '../policy/presets.ts'
import { type AttestedConnection, type ConnectOptions, connectAttested } from './connect.ts'
import type { Enclave } from './enclave.ts'
import { connectionExporter } from './exporter.ts'

type Target = { host: string; port: number }
const bindings = ['session-signed', 'session-quoted'] as const

async function open(target: Target, options: Partial<ConnectOptions> = {}): Promise<AttestedConnection> {
  const { rootDer } = await simulator()
  const connection = await connectAttested({ policy: await policyFor(), roots: [rootDer], ...target, ...options })
  onTestFinished(() => void connection.socket.destroy())
  return connection
}

/** The checks that refused a connection. */
async function refusedBy(target: Target, options: Partial<ConnectOptions> = {}): Promise<string[]> {
  const error = await refusal(open(target, options))
  expect(error).toMatchObject({ name: 'DcmlError', code: 'attestation_refused' })
  return failures((error as unknown as AttestationRefused).checks)
}

const ask = ({ socket }: AttestedConnection, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    httpRequest({ path, createConnection: () => socket }, async (response) => {
      let text = ''
      for await (const chunk of response) text += chunk
      resolve(text)
    })
      .on('error', reject)
      .end()
  })

describe('an honest enclave', () => {
  test.each(bindings)('is verified on the connection that is then used: %s', async (binding) => {
    const enclave = await startEnclave()
    const target = await serve(enclave)
    const connection = await open(target, { policy: await policyFor({ binding }) })
    const { claims, label } = connection.result
    expect(label).toBe('DEVELOPMENT')
    expect(claims).toMatchObject({
      sessionKey: enclave.sessionKey.publicKey,
      boot: enclave.boot,
      imageH: enclave.imageH,
    })
    expect(target.requests).toEqual([])
    expect(await ask(connection, '/v1/models')).toBe('ok')
    expect(target.requests).toEqual(['GET /v1/models'])
  })

  test('is not accepted by a production policy, even one with its root', async () => {
    const { rootDer, image } = await simulator()
    const target = await serve(await startEnclave())
    const policy = clientDefault({ imageH: 'any', images: [image] })
    expect(await refusedBy(target, { policy, roots: [rootDer] })).toContain('environment')
    expect(await refusal(connectAttested({ ...target, policy }))).toMatchObject({ code: 'attestation_refused' })
    expect(target.requests).toEqual([])
  })

  test('is refused with evidence that grew old', async () => {
    const target = await serve(await startEnclave({ clock: () => Date.now() - 3_600_000, refreshSeconds: 1e9 }))
    expect(await refusedBy(target)).toEqual(['age'])
  })
})

/** A relay: speaks TLS with a key it holds, and passes every byte on to the genuine enclave and back. */
async function relay(enclave: Target, identity: Enclave['tls']): Promise<Target & { received: () => string }> {
  let received = ''
  const server = createTlsServer({ ...identity, ALPNProtocols: ['http/1.1'] }, (client) => {
    const upstream = connectTls({ ...enclave, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    upstream.on('error', () => client.destroy()).on('close', () => client.destroy())
    client.on('close', () => upstream.destroy()).on('data', (chunk) => (received += chunk))
    client.pipe(upstream).pipe(client)
  })
  return { ...(await listen(server)), received: () => received }
}

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

  test('with the leaked key deceives whoever binds to the key alone', async () => {
    const enclave = await startEnclave()
    const answers: AttestAnswer[] = []
    const genuine = await serve(enclave, {
      attest: async (socket, request) => {
        answers.push(await enclave.attest(socket, request))
        return answers[0]
      },
    })
    await refusal(open(await relay(genuine, enclave.tls)))
    const { rootDer } = await simulator()
    const result = await verifyEvidence({
      evidence: answers[0]!.evidence,
      policy: await policyFor({ binding: 'key' }),
      roots: [rootDer],
      now: new Date(),
      expect: { purpose: 'session', tlsSpki: enclave.tlsSpki },
    })
    expect(result.ok).toBe(true)
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
    const target = await impostor(await startEnclave(), async () => ({ evidence: { claims: 'A'.repeat(2 ** 21) } }))
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

describe('a host that is no enclave', () => {
  test.each([
    ['127.0.0.1\r\nX-Injected: yes', 1],
    ['[::1]', 1],
    ['', 1],
    ['127.0.0.1', 0],
    ['127.0.0.1', 65_536],
    ['127.0.0.1', Number.NaN],
  ])('because its address is none: %j %d', async (host, port) => {
    expect(await refusal(open({ host, port }))).toMatchObject({ name: 'DcmlError', code: 'address_invalid' })
  })

  test('and is down', async () => {
    const server = createTcpServer()
    const { host, port } = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    expect(await refusal(open({ host, port }))).toMatchObject({ code: 'peer_unreachable', retryable: true })
    expect(await refusal(open({ host: 'enclave.invalid', port }))).toMatchObject({ code: 'peer_unreachable' })
  })

  test('and speaks plain HTTP', async () => {
    expect(await refusal(open(await listen(createHttpServer())))).toMatchObject({ code: 'tls_failed' })
  })

  test('and closes before the handshake', async () => {
    const target = await listen(createTcpServer((socket) => socket.end()))
    expect(await refusal(open(target))).toMatchObject({ code: 'tls_failed' })
  })

  test('and speaks TLS 1.2', async () => {
    const { key, cert } = (await startEnclave()).tls
    const target = await listen(createTlsServer({ key: key!, cert: cert!, maxVersion: 'TLSv1.2' }))
    expect(await refusal(open(target))).toMatchObject({ code: 'tls_failed' })
  })

  test('and closes after the handshake', async () => {
    const target = await listen(createTlsServer((await startEnclave()).tls, (socket) => socket.end()))
    expect(await refusal(open(target))).toMatchObject({ code: 'evidence_missing' })
  })

  test.each([
    ['accepts and says nothing', createTcpServer],
    ['never answers', async () => createTlsServer((await startEnclave()).tls)],
    ['answers forever', async () => createTlsServer((await startEnclave()).tls, dribble)],
  ])('and %s runs into the deadline', async (_, make) => {
    const target = await listen(await make())
    expect(await refusal(open(target, { timeoutMs: 300 }))).toMatchObject({
      code: 'attestation_timeout',
      retryable: true,
    })
  })

  test('is given up when the caller says so', async () => {
    const target = await listen(createTlsServer((await startEnclave()).tls))
    const controller = new AbortController()
    const opening = open(target, { signal: controller.signal })
    controller.abort()
    expect(await refusal(opening)).toMatchObject({ code: 'attestation_aborted' })
    expect(await refusal(open(target, { signal: controller.signal }))).toMatchObject({ code: 'attestation_aborted' })
  })
})

/** Sends an honest head, then the body one byte at a time. */
function dribble(socket: TLSSocket): void {
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n')
  const timer = setInterval(() => socket.write(' '), 5)
  socket.on('close', () => clearInterval(timer))
}

test('a connection that breaks before its owner looks at it does not end the process', async () => {
  const target = await serve(await startEnclave())
  const { socket } = await open(target)
  socket.destroy(new Error('broken'))
  await new Promise((resolve) => socket.once('close', resolve))
})
