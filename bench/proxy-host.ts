// Child process of the proxy bench: the runtime in front of an OpenAI-compatible engine. Tells its CPU time when asked.
import { development, imageH } from '@dcml/attestation'
import { toHex, utf8 } from '@dcml/protocol'
import { openAiUpstreamLoader, openAnonymousStore, sealedModels, startRuntime } from '@dcml/runtime'
import { createSimulator } from '@dcml/tee-simulator'
import pino from 'pino'

const [, container, baseUrl] = process.argv.slice(2) as [string, string, string]
const image = `sha256:${'0'.repeat(64)}`
const manifest = utf8(JSON.stringify({ v: 1, name: 'bench', image, command: [], env: {}, models: 'any' }))
const simulator = await createSimulator()
const runtime = await startRuntime({
  tee: simulator.createTee({ imageH: imageH(manifest) }),
  manifest,
  environment: 'development',
  loader: openAiUpstreamLoader({ baseUrl }),
  source: sealedModels(openAnonymousStore({ environment: 'development' })),
  model: container,
  listen: { host: '127.0.0.1', port: 0 },
  admin: { host: '127.0.0.1', port: 0 },
  peers: { policy: development({ binding: 'session-quoted' }), roots: [simulator.rootPem] },
  logger: pino({ level: 'silent' }),
})
process.on('message', () => process.send!(process.cpuUsage()))
process.send!({ plain: baseUrl, port: runtime.address.port, imageH: toHex(runtime.imageH), rootPem: simulator.rootPem })
