// The paid runtime, as `dcml runtime serve` runs it, with an engine that numbers its tokens and tells of each.
import { request } from 'node:https'
import { join } from 'node:path'
import { imageH, keyRelease } from '@dcml/attestation'
import { encodeKeyGrant, toBase64url, toHex, utf8 } from '@dcml/protocol'
import { startRuntime } from '@dcml/runtime'
import { scriptedLoader } from '@dcml/runtime/testing'
import { createSimulator } from '@dcml/tee-simulator'
import pino from 'pino'
import { fileDevice } from './device.ts'
import { CHAIN_ID, MODEL_H, STEP, type Stage, say } from './stage.ts'

const SK = new Uint8Array(32).fill(0x5c)
/** Between tokens, so that kills fall into streams and readers keep up. */
const TOKEN_MS = 2

export async function runRuntime({ folder, ports, contract, keys, root }: Stage): Promise<void> {
  const chain = { networkId: CHAIN_ID, contract }
  const manifest = utf8(
    JSON.stringify({
      ...{ v: 1, name: 'kill', image: `sha256:${'0'.repeat(64)}`, command: ['dcml'], env: {} },
      ...{ models: [toHex(MODEL_H)], network: chain, trustRoot: root },
    }),
  )
  const simulator = await createSimulator()
  const runtime = await startRuntime({
    tee: simulator.createTee({ imageH: imageH(manifest) }),
    manifest,
    environment: 'development',
    loader: scriptedLoader((prompt) => ({ tokens: numbered(prompt.split(' ').at(-1)!) })),
    source: async () => ({
      modelH: MODEL_H,
      name: 'numbers',
      size: 8,
      unlocks: async (key) => Buffer.from(key).equals(SK),
      open: async () => ({ files: [], close: async () => {} }),
    }),
    model: 'any',
    provider: keys.bob.accountId,
    state: join(folder, 'state'),
    antiRollback: fileDevice(join(folder, 'counter.json')),
    limits: { paymentStep: STEP, paymentMs: 3_000 },
    listen: { host: '127.0.0.1', port: ports.runtime },
    admin: { host: '127.0.0.1', port: ports.admin },
    peers: {
      policy: keyRelease({ environment: 'development', imageH: [], images: [simulator.image] }),
      roots: [simulator.rootDer],
    },
    logger: pino({ level: 'warn' }, pino.destination(2)),
  })
  const fields = { sk: SK, keyEpoch: 0, ownerContract: contract, provenance: null }
  await post(runtime.address.port, { grant: toBase64url(encodeKeyGrant(chain, MODEL_H, fields)) })
  while (runtime.state().phase !== 'ready') await new Promise((resolve) => setImmediate(resolve))
  const { address, adminAddress, sessionKey, imageH: image } = runtime
  const names = { sessionKey: toHex(sessionKey), imageH: toHex(image) }
  say({ event: 'ready', port: address.port, admin: adminAddress.port, ...names })
}

async function* numbered(request: string): AsyncGenerator<string> {
  for (let n = 1; ; n++) {
    await new Promise((resolve) => setTimeout(resolve, TOKEN_MS))
    // told before it is yielded: no token is sent that was not told
    say({ event: 'made', request, n })
    yield ` t${n}`
  }
}

/** As the publisher does, who verified the enclave in another act. */
const post = (port: number, body: object): Promise<void> =>
  new Promise((resolve, reject) => {
    const options = { method: 'POST', rejectUnauthorized: false, headers: { 'content-type': 'application/json' } }
    request(`https://127.0.0.1:${port}/dcml/v1/set-sk`, options, (response) => {
      response.resume()
      response.on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`${response.statusCode}`))))
    })
      .on('error', reject)
      .end(JSON.stringify(body))
  })
