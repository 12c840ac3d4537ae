import { createServer as createHttpServer, request as httpRequest } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { createSimulator } from '@dcml/tee-simulator'
import { describe, expect, test } from 'vitest'
import {
  listen,
  manifest,
  open,
  policyFor,
  refusal,
  refusedBy,
  serve,
  simulator,
  startEnclave,
} from '../../test/world.ts'
import { imageH } from '../evidence/manifest.ts'
import { clientDefault } from '../policy/presets.ts'
import { type AttestedConnection, connectAttested } from './connect.ts'
import type { Enclave } from './enclave.ts'

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
  test.each(['session-signed', 'session-quoted'] as const)(
    'is verified on the connection that is then used: %s',
    async (binding) => {
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
    },
  )

  test.each([
    ['tdx', 'environment'],
    ['snp', 'snp_environment'],
  ] as const)('is not accepted by a production policy, even one with its root: %s', async (kind, check) => {
    const { roots, image, snpImage, createTee } = await simulator()
    const tee = createTee({ tee: kind, imageH: imageH(manifest()) })
    const target = await serve(await startEnclave({ tee }))
    const policy = clientDefault({ imageH: 'any', images: [image, snpImage], tee: [kind] })
    expect(await refusedBy(target, { policy, roots })).toContain(check)
    const { hint } = await refusal(connectAttested({ ...target, policy, roots }))
    expect(hint).toContain('simulated TEE')
    expect(await refusal(connectAttested({ ...target, policy }))).toMatchObject({ code: 'attestation_refused' })
    expect(target.requests).toEqual([])
  })

  test('is refused with evidence that grew old', async () => {
    const target = await serve(await startEnclave({ clock: () => Date.now() - 3_600_000, refreshSeconds: 1e9 }))
    expect(await refusedBy(target)).toEqual(['age'])
  })
})

describe('a clock that is wrong is named', () => {
  const hour = 3_600_000
  const day = 24 * hour
  const clockOff = (offset: number) => () => Date.now() + offset
  const refusedWith = async (enclave: Enclave, clock?: () => number) =>
    refusal(open(await serve(enclave), clock && { clock }))

  test.each([
    ['an hour behind', -hour, ['age']],
    ['ten minutes ahead', 601_000, ['age']],
    [
      'two days behind',
      -2 * day,
      ['root_crl_window', 'pck_crl_window', 'tcb_info_window', 'qe_identity_window', 'age'],
    ],
    ['a year ahead', 365 * day, ['root_crl_window', 'pck_crl_window', 'tcb_info_window', 'qe_identity_window', 'age']],
    [
      'at the start of Unix time',
      -Date.now(),
      ['pck_chain', 'tcb_info_chain', 'qe_identity_chain', 'root_crl_window', 'age'],
    ],
  ])('the client is %s', async (_, offset, checks) => {
    const enclave = await startEnclave()
    const says = clockOff(offset)()
    const error = await refusedWith(enclave, () => says)
    expect(error.hint).toContain(
      `Check the clock of this machine (it says ${new Date(says).toISOString()}) and of the host.`,
    )
    expect(error.details?.failed?.toString().split(',').sort()).toEqual([...checks].sort())
  })

  test('the client has none', async () => {
    const error = await refusedWith(await startEnclave(), () => Number.NaN)
    expect(error.hint).toContain('it says no valid time')
  })

  test.each([
    ['an hour ahead', hour],
    ['an hour behind', -hour],
    ['a year behind, and its collateral with it', -365 * day],
  ])('the enclave is %s', async (_, offset) => {
    const clock = clockOff(offset)
    const then = await createSimulator({ now: () => new Date(clock()) })
    const enclave = await startEnclave({ clock, tee: then.createTee({ imageH: imageH(manifest()) }) })
    expect((await refusedWith(enclave)).hint).toMatch(
      /^Check the clock of this machine \(it says \d{4}-.* and of the host/,
    )
  })

  test('but not where something else is wrong as well', async () => {
    const enclave = await startEnclave({ manifest: manifest('other') })
    expect((await refusedWith(enclave, clockOff(-hour))).hint).not.toContain('clock')
    expect((await refusedWith(enclave)).hint).not.toContain('clock')
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
