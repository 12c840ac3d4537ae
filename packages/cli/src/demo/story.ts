// What the acts of the demo share: the story so far, and how a party runs a command.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { imageH } from '@dcml/attestation'
import { DcmlError, toHex, utf8 } from '@dcml/protocol'
import { accountOf, type DemoChain, type Party, type Wealth } from './near.ts'
import type { Finished, Host, Stage } from './stage.ts'

export type { Host } from './stage.ts'

/** What the acts learn from one another. */
export interface Story {
  readonly stage: Stage
  /** Text that must never be found outside Alice's folder. */
  readonly canary: string
  readonly modelPath: string
  /** Prints what the model says while it says it. */
  readonly say: (text: string) => void
  manifest: { path: string; imageH: string }
  container: string
  /** Charlie's key, to look for where it must not be. */
  sk: Uint8Array
  modelH: string
  a: Host
  b: Host
  /** Another enclave of the same image, beside B. */
  c: Host
  chain: DemoChain
  /** Of Proof of Response, those that run. */
  nodes: Partial<Record<Party, Host>>
  /** Ends the blocks that come by themselves. */
  stopBlocks: () => void
  /** Transaction that opened the model's contract. */
  deployment: string
  /** What everybody had before Alice opened her channel. */
  before: Wealth
  /** yoctoNEAR that her channel paid out. */
  settled: bigint
  /** Proof of Alice's second opening, from where C's light client stood. */
  proof: object
  /** What everybody had before the closures that nobody answers. */
  unsettled: Wealth
}

/** One step: does it and says in one line what was proven, or throws. */
export interface Act {
  readonly name: string
  readonly play: (story: Story) => Promise<string>
}

/** Writes an image manifest and names it. @param more members beside, or in place of, the usual ones */
export async function writeManifest(folder: string, more: object): Promise<Story['manifest']> {
  const image = `sha256:${toHex(imageH(utf8('dcml development image')))}`
  const command = ['dcml', 'runtime', 'serve']
  const bytes = utf8(JSON.stringify({ v: 1, name: 'dcml-demo', image, command, env: {}, models: 'any', ...more }))
  const path = join(folder, 'image.json')
  await writeFile(path, bytes)
  return { path, imageH: toHex(imageH(bytes)) }
}

/**
 * Flags of a host's `runtime serve`. The chip stands for what a host cannot turn back, so it lies in no host's folder.
 * @param machine its TEE, and what else the machine has
 */
export const serve = (party: string, machine: readonly string[] = ['simulator']): string[] =>
  ['runtime', 'serve', '--tee', ...machine, '--development', '--manifest', 'image.json', '--container', 'model.dcmw',
    '--provider', accountOf('bob'), '--state', 'state', '--anti-rollback', `simulator:../chips/${party}`,
    '--host', '127.0.0.1', '--port', '0', '--admin-port', '0'] // biome-ignore format: one flag after the other

/** Flags of someone who accepts the demo's workload. */
export const trust = ({ manifest }: Story): string[] => ['--development', '--image-h', manifest.imageH]

/** The result of a command that must succeed. */
export function must({ code, json }: Finished): Record<string, unknown> {
  if (code === 0) return json
  const { code: what, message } = (json.error ?? {}) as { code?: string; message?: string }
  throw new DcmlError('demo_act_failed', `${what}: ${message}`, { hint: 'Read log.txt in the folders of the demo.' })
}

/** Waits until a host's model is ready. */
export async function ready(host: Host): Promise<void> {
  for (;;) {
    const { phase, error } = (await (await fetch(`${host.adminUrl}/readyz`)).json()) as {
      phase: string
      error?: unknown
    }
    if (phase === 'ready') return
    if (phase === 'failed') throw new Error(`the host failed to load: ${JSON.stringify(error)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
