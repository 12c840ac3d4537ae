import { development, imageH } from '@dcml/attestation'
import { toHex, utf8 } from '@dcml/protocol'
import { type EngineLoader, llamaCppLoader, type Runtime, startRuntime } from '@dcml/runtime'
import { createSimulator } from '@dcml/tee-simulator'
import pino from 'pino'

/** A host in this process with a simulated TEE, and what its users need to accept it. */
export interface DevHost {
  runtime: Runtime
  endpoint: { host: string; port: number }
  imageH: string
  rootPem: string
}

/** Serves a sealed model on free ports, with llama.cpp unless told otherwise; it waits for the key. */
export async function startDevHost(
  container: string,
  loader: EngineLoader = llamaCppLoader({ parallel: 2 }),
): Promise<DevHost> {
  const image = `sha256:${'0'.repeat(64)}`
  const manifest = utf8(JSON.stringify({ v: 1, name: 'dev-host', image, command: [], env: {}, models: 'any' }))
  const simulator = await createSimulator()
  const runtime = await startRuntime({
    tee: simulator.createTee({ imageH: imageH(manifest) }),
    manifest,
    environment: 'development',
    loader,
    model: container,
    listen: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0 },
    peers: { policy: development({ binding: 'session-quoted' }), roots: [simulator.rootPem] },
    logger: pino({ level: 'silent' }),
  })
  return { runtime, endpoint: runtime.address, imageH: toHex(imageH(manifest)), rootPem: simulator.rootPem }
}

/** Resolves once the model is open. @throws Error where it cannot be opened */
export async function untilReady({ runtime }: DevHost): Promise<void> {
  for (;;) {
    const state = runtime.state()
    if (state.phase === 'ready') return
    if (state.phase === 'failed') throw state.error
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
