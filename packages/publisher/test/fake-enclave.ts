// A small attested server that takes keys as a runtime does.
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { imageH, parseAttestRequest } from '@dcml/attestation'
import { createEnclave } from '@dcml/attestation/node'
import { decodeKeyGrant, fromBase64url, type KeyGrant, toHex, utf8 } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'

export interface FakeEnclave {
  readonly endpoint: { readonly host: string; readonly port: number }
  readonly imageH: string
  readonly roots: readonly Uint8Array[]
  readonly grants: KeyGrant[]
  /** Path and query of every request. */
  readonly requests: string[]
  /** What to answer to a key. */
  reply: { status: number; body: string } | 'cut' | 'silence' | undefined
  close(): Promise<void>
}

export async function startFakeEnclave(
  options: { models?: string[]; network?: { networkId: string; contract: string }; tdAttributes?: Uint8Array } = {},
): Promise<FakeEnclave> {
  const { models = 'any', network, tdAttributes } = options
  const simulator = await createSimulator()
  const manifest = utf8(
    JSON.stringify({
      v: 1,
      name: 'fake',
      image: `sha256:${'0'.repeat(64)}`,
      command: [],
      env: {},
      models,
      ...(network && { network }),
    }),
  )
  const image = imageH(manifest)
  const enclave = await createEnclave({
    tee: simulator.createTee({ imageH: image, ...(tdAttributes && { tdAttributes }) }),
    manifest,
  })
  const server = createServer(enclave.tls, async (request, response) => {
    fake.requests.push(request.url ?? '')
    const url = new URL(request.url ?? '/', 'https://enclave')
    const body = Buffer.concat(await request.toArray()).toString()
    const send = (status: number, text: string): void =>
      void response.writeHead(status, { 'content-length': Buffer.byteLength(text) }).end(text)
    if (url.pathname === '/dcml/v1/evidence')
      return send(
        200,
        JSON.stringify(await enclave.attest(request.socket as TLSSocket, parseAttestRequest(url.searchParams))),
      )
    if (fake.reply === 'silence') return
    if (fake.reply === 'cut') return void request.socket.destroy()
    if (fake.reply !== undefined) return send(fake.reply.status, fake.reply.body)
    const grant = decodeKeyGrant(fromBase64url((JSON.parse(body) as { grant: string }).grant))
    fake.grants.push(grant)
    send(200, JSON.stringify({ modelH: toHex(grant.domain.subject), phase: 'idle' }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const fake: FakeEnclave = {
    endpoint: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    imageH: toHex(image),
    roots: [simulator.rootDer],
    grants: [],
    requests: [],
    reply: undefined,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return fake
}
