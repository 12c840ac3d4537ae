// A small world for the tests: simulated enclaves that serve over real sockets on this machine.
import { createServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { type DcmlError, toHex, utf8 } from '@dcml/protocol'
import { createSimulator, type Simulator } from '@dcml/tee-simulator'
import { expect, onTestFinished } from 'vitest'
import type { AttestationRefused } from '../src/channel/refused.ts'
import { type AttestRequest, EVIDENCE_PATH, parseAttestRequest } from '../src/channel/wire.ts'
import { imageH } from '../src/evidence/manifest.ts'
import { type AttestedConnection, type ConnectOptions, connectAttested } from '../src/node/connect.ts'
import { createEnclave, type Enclave, type EnclaveOptions } from '../src/node/enclave.ts'
import type { Policy, PolicyInput } from '../src/policy/policy.ts'
import { development } from '../src/policy/presets.ts'

export type Target = { host: string; port: number }

export const manifest = (name = 'chat'): Uint8Array =>
  utf8(JSON.stringify({ v: 1, name, image: `sha256:${'ab'.repeat(32)}`, command: ['serve'], env: {}, models: 'any' }))

let shared: Promise<Simulator> | undefined
/** One development platform for all tests of a file. */
export const simulator = (): Promise<Simulator> => {
  shared ??= createSimulator()
  return shared
}

/** Accepts the simulated boot images running `manifest()`. */
export async function policyFor(options: Omit<PolicyInput, 'environment'> = {}): Promise<Policy> {
  const { image, snpImage } = await simulator()
  return development({ imageH: [toHex(imageH(manifest()))], images: [image, snpImage], ...options })
}

export async function startEnclave(options: Partial<EnclaveOptions> = {}): Promise<Enclave> {
  const bytes = options.manifest ?? manifest()
  const tee = (await simulator()).createTee({ imageH: imageH(bytes) })
  return createEnclave({ tee, ...options, manifest: bytes })
}

/** Listens on a free port of this machine until the test has ended, then cuts every connection. */
export async function listen(server: Server): Promise<Target> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

interface ServeOptions {
  readonly tls?: TlsOptions
  readonly attest?: (socket: TLSSocket, request: AttestRequest) => Promise<unknown>
  /** Answers what is not an evidence request. */
  readonly reply?: (body: string, socket: TLSSocket) => Promise<string>
}

/** Serves an enclave as the runtime does; `requests` lists whatever came after verification. */
export async function serve(
  enclave: Enclave,
  { tls = enclave.tls, attest = (socket, request) => enclave.attest(socket, request), reply }: ServeOptions = {},
): Promise<Target & { requests: string[] }> {
  const requests: string[] = []
  const server = createServer(tls, async (request, response) => {
    const url = new URL(request.url!, 'https://enclave')
    const socket = request.socket as TLSSocket
    let body: string
    if (url.pathname === EVIDENCE_PATH) {
      body = JSON.stringify(await attest(socket, parseAttestRequest(url.searchParams)))
    } else {
      requests.push(`${request.method} ${url.pathname}`)
      let text = ''
      for await (const chunk of request) text += chunk
      body = reply === undefined ? 'ok' : await reply(text, socket)
    }
    response.setHeader('content-length', Buffer.byteLength(body)).end(body)
  })
  return { ...(await listen(server)), requests }
}

/** The error a promise is rejected with. */
export const refusal = (promise: Promise<unknown>): Promise<DcmlError & { checks?: never }> =>
  promise.then(
    () => {
      throw new Error('it was accepted')
    },
    (error) => error,
  )

/** Names of the checks that failed. */
export const failures = (checks: readonly { name: string; status: string }[]): string[] =>
  checks.filter(({ status }) => status === 'fail').map(({ name }) => name)

/** Connects with the policy of this world until the test has ended. */
export async function open(target: Target, options: Partial<ConnectOptions> = {}): Promise<AttestedConnection> {
  const { roots } = await simulator()
  const connection = await connectAttested({ policy: await policyFor(), roots, ...target, ...options })
  onTestFinished(() => void connection.socket.destroy())
  return connection
}

/** The checks that refused a connection. */
export async function refusedBy(target: Target, options: Partial<ConnectOptions> = {}): Promise<string[]> {
  const error = await refusal(open(target, options))
  expect(error).toMatchObject({ name: 'DcmlError', code: 'attestation_refused' })
  return failures((error as unknown as AttestationRefused).checks)
}

/** A relay: speaks TLS with a key it holds, and passes every byte on to the genuine enclave and back. */
export async function relay(enclave: Target, identity: Enclave['tls']): Promise<Target & { received: () => string }> {
  let received = ''
  const server = createTlsServer({ ...identity, ALPNProtocols: ['http/1.1'] }, (client) => {
    const upstream = connectTls({ ...enclave, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    upstream.on('error', () => client.destroy()).on('close', () => client.destroy())
    client.on('close', () => upstream.destroy()).on('data', (chunk) => (received += chunk))
    client.pipe(upstream).pipe(client)
  })
  return { ...(await listen(server)), received: () => received }
}
