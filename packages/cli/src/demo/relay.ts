// The attacker of the `relay` act: ends the client's TLS itself and passes every byte on to a genuine enclave over a
// connection of its own, the question for evidence included. It keeps what it reads, as an attacker would.
import { appendFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import { imageH } from '@dcml/attestation'
import { createEnclave } from '@dcml/attestation/node'
import { utf8 } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'

/** File in the working folder that holds what clients sent. */
export const SEEN_FILE = 'seen.bin'

/** Listens on a free port and relays to a genuine enclave. @returns where it listens */
export async function startRelay(target: { host: string; port: number }): Promise<string> {
  const image = `sha256:${'0'.repeat(64)}`
  const manifest = utf8(JSON.stringify({ v: 1, name: 'relay', image, command: [], env: {}, models: 'any' }))
  const simulator = await createSimulator()
  const { tls } = await createEnclave({ tee: simulator.createTee({ imageH: imageH(manifest) }), manifest })
  writeFileSync(SEEN_FILE, '')
  const server = createServer(tls, (client) => {
    const enclave = connect({
      ...target,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['http/1.1'],
    })
    client.on('data', (chunk: Buffer) => appendFileSync(SEEN_FILE, chunk))
    client.pipe(enclave).pipe(client)
    for (const socket of [client, enclave]) socket.on('error', () => [client, enclave].map((other) => other.destroy()))
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
