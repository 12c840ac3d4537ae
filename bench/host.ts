// Starts the bench's host processes and a verifying client for them.
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { development } from '@dcml/attestation'
import { type Client, createClient } from '@dcml/client'
import { toHex } from '@dcml/protocol'
import { seedEnclave } from '@dcml/publisher'
import { writeRandomModel } from '@dcml/training/node'
import { generateModelKey } from '@dcml/weights'
import { sealModel } from '@dcml/weights/node'

/** What a host process says once it listens. */
export interface Said {
  /** Base URL of the same engine behind plain HTTP. */
  plain: string
  /** Attested port. */
  port: number
  imageH: string
  rootPem: string
}

/** A host with its model open, and a client that verified it. */
export interface BenchHost {
  process: ChildProcess
  plainUrl: string
  attestedUrl: string
  client: Client
}

/** Seals a model, starts the script as a process that serves it, seeds it, runs the bench, and clears everything. */
export async function withHost<T>(
  script: string,
  model: 'M15' | 'M1',
  args: string[],
  bench: (host: BenchHost) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'dcml-bench-host-'))
  const gguf = join(folder, 'model.gguf')
  const container = join(folder, 'model.dcmw')
  const shape = {
    M15: { dim: 288, layers: 6, heads: 6, ff: 768, vocab: 16_000 },
    M1: { dim: 128, layers: 4, heads: 4, ff: 384, vocab: 512 },
  }
  await writeRandomModel(gguf, { ...shape[model], context: 512, seed: 1 })
  const { sk, pk } = generateModelKey()
  const { modelH } = await sealModel({ source: gguf, out: container, recipients: [pk] })
  const host = fork(join(import.meta.dirname, script), [gguf, container, ...args])
  try {
    const { plain, port, imageH, rootPem } = await new Promise<Said>((resolve, reject) => {
      host.once('message', (said) => resolve(said as Said)).once('exit', () => reject(new Error('the host ended')))
    })
    const roots = [rootPem]
    const target = { host: '127.0.0.1', port }
    await seedEnclave({
      endpoint: target,
      policy: development({ imageH: [imageH], binding: 'session-quoted' }),
      roots,
      modelH,
      sk,
    })
    const attestedUrl = `https://127.0.0.1:${port}`
    const trust = { endpoint: attestedUrl, policy: development({ imageH: [imageH] }), roots }
    await untilReady(createClient(trust))
    const client = createClient({ ...trust, modelH: toHex(modelH) })
    const result = await bench({ process: host, plainUrl: plain, attestedUrl, client })
    client.close()
    return result
  } finally {
    host.kill()
    await rm(folder, { recursive: true, force: true })
  }
}

async function untilReady(client: Client): Promise<void> {
  for (;;) {
    const { phase } = (await (await client.fetch('/dcml/v1/model-h')).json()) as { phase: string }
    if (phase === 'ready') return client.close()
    if (phase === 'failed') throw new Error('the host could not open the model')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
