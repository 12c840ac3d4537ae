// What it costs to connect to an enclave and verify it, on loopback: TLS, evidence, verification.
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type Binding, development, imageH, parseAttestRequest } from '@dcml/attestation'
import { connectAttested, createEnclave } from '@dcml/attestation/node'
import { utf8 } from '@dcml/protocol'
import type { Simulator } from '@dcml/tee-simulator'
import { interleave } from './statistics.ts'

/** Milliseconds of each connection, by binding. Server and client share one process. */
export async function connections(simulator: Simulator, rounds: number): Promise<{ what: string; ms: number[] }[]> {
  const manifest = utf8(
    JSON.stringify({ v: 1, name: 'bench', image: `sha256:${'0'.repeat(64)}`, command: [], env: {}, models: 'any' }),
  )
  const enclave = await createEnclave({ tee: simulator.createTee({ imageH: imageH(manifest) }), manifest })
  const server = createServer(enclave.tls, async (request, response) => {
    const query = new URL(request.url!, 'https://enclave').searchParams
    const body = JSON.stringify(await enclave.attest(request.socket as TLSSocket, parseAttestRequest(query)))
    response.setHeader('content-length', Buffer.byteLength(body)).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const connect = (binding: Binding) => async (): Promise<number> => {
    const start = performance.now()
    const policy = development({ binding })
    const { socket } = await connectAttested({ host: '127.0.0.1', port, policy, roots: [simulator.rootDer] })
    const ms = performance.now() - start
    socket.destroy()
    return ms
  }
  const sides = { 'session-signed': connect('session-signed'), 'session-quoted': connect('session-quoted') }
  try {
    await interleave(5, sides)
    const times = await interleave(rounds, sides)
    return Object.entries(times).map(([binding, ms]) => ({ what: `attested connect, ${binding}`, ms }))
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
