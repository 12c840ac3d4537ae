// The paper's §2 to §4 as a play: Charlie publishes, A and B host, Alice uses.
import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { imageH } from '@dcml/attestation'
import { DcmlError, toHex, utf8 } from '@dcml/protocol'
import { readKeyFile } from '@dcml/publisher'
import { demoModelPath } from '@dcml/training/node'
import type { Finished, Host, Stage } from './stage.ts'

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
}

/** One step: does it and says in one line what was proven, or throws. */
export interface Act {
  readonly name: string
  readonly play: (story: Story) => Promise<string>
}

/** Writes an image manifest and names it. */
export async function writeManifest(folder: string, env: Record<string, string>): Promise<Story['manifest']> {
  const image = `sha256:${toHex(imageH(utf8('dcml development image')))}`
  const bytes = utf8(
    JSON.stringify({ v: 1, name: 'dcml-demo', image, command: ['dcml', 'runtime', 'serve'], env, models: 'any' }),
  )
  const path = join(folder, 'image.json')
  await writeFile(path, bytes)
  return { path, imageH: toHex(imageH(bytes)) }
}

/** Flags of a host's `runtime serve`. */
export const serve = (manifest: string, container: string): string[] =>
  ['runtime', 'serve', '--tee', 'simulator', '--development', '--manifest', manifest, '--container', container,
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

export const acts: readonly Act[] = [
  {
    name: 'seal',
    async play(story) {
      const { stage, modelPath } = story
      const charlie = await stage.folder('charlie')
      await cp(modelPath, join(charlie, 'model.gguf'))
      must(await stage.run('charlie', ['model', 'keygen', 'key.json']))
      story.sk = await readKeyFile(join(charlie, 'key.json'))
      const sealed = must(
        await stage.run('charlie', ['model', 'seal', 'model.gguf', '--key', 'key.json', '--out', 'model.dcmw']),
      )
      story.container = join(charlie, 'model.dcmw')
      story.modelH = sealed.modelH as string
      return `Charlie's weights are sealed; their name is modelH ${story.modelH.slice(0, 16)}…`
    },
  },
  {
    name: 'serve-a',
    async play(story) {
      const { stage } = story
      const folder = await stage.folder('host-a')
      story.manifest = await writeManifest(folder, {})
      await cp(story.container, join(folder, 'model.dcmw'))
      story.a = await stage.host('host-a', serve('image.json', 'model.dcmw'))
      const { phase } = (await (await fetch(`${story.a.adminUrl}/readyz`)).json()) as { phase: string }
      if (phase === 'ready') throw new Error('A serves without a key')
      return `enclave A runs image ${story.manifest.imageH.slice(0, 16)}… and cannot open the weights: it has no key`
    },
  },
  {
    name: 'seed',
    async play(story) {
      const { stage, a, modelH } = story
      must(
        await stage.run('charlie', [
          'model',
          'seed',
          a.address,
          '--key',
          'key.json',
          '--model-h',
          modelH,
          ...trust(story),
        ]),
      )
      await ready(a)
      return 'Charlie verified enclave A, gave it sk once (set_sk), and A opened the weights in memory'
    },
  },
  {
    name: 'serve-b',
    async play(story) {
      const { stage } = story
      const folder = await stage.folder('host-b')
      await cp(story.manifest.path, join(folder, 'image.json'))
      await cp(story.container, join(folder, 'model.dcmw'))
      story.b = await stage.host('host-b', serve('image.json', 'model.dcmw'))
      return 'enclave B runs the same image on another host, with the same sealed weights and no key'
    },
  },
  {
    name: 'pass-key',
    async play(story) {
      const { stage, a, b, modelH } = story
      must(
        await stage.run('host-b', [
          'runtime',
          'request-sk',
          a.address,
          '--to',
          b.address,
          '--model-h',
          modelH,
          ...trust(story),
        ]),
      )
      await ready(b)
      return 'A verified B, B verified A over one connection, and sk went from enclave to enclave (request_sk)'
    },
  },
  {
    name: 'publisher-gone',
    async play({ stage, a }) {
      await a.stop()
      await rm(await stage.folder('charlie'), { recursive: true })
      return "enclave A is killed and Charlie's folder, key included, is deleted; B goes on"
    },
  },
  {
    name: 'verify',
    async play(story) {
      const { checks } = must(await story.stage.run('alice', ['attest', 'show', story.b.address, ...trust(story)]))
      const passed = (checks as { status: string }[]).filter(({ status }) => status === 'pass').length
      return `Alice checked B's evidence: ${passed} checks passed, none failed; it is simulated and says so`
    },
  },
  {
    name: 'chat',
    async play(story) {
      const { stage, b, modelH, canary } = story
      const prompt = `What of our liberties? ${canary}`
      const chat = ['chat', prompt, '--endpoint', `https://${b.address}`, '--model-h', modelH, '--receipts', 'receipts.jsonl',
        '--max-tokens', '160', '--temperature', '0.4', '--seed', '7', '--echo', ...trust(story)] // biome-ignore format: one flag after the other
      const { text, usage } = must(await stage.run('alice', chat, story.say)) as {
        text: string
        usage: { completion_tokens: number }
      }
      if (text.length === 0) throw new Error('the model said nothing')
      return `B's enclave answered ${usage.completion_tokens} tokens, streamed; nothing left Alice before B was verified`
    },
  },
  {
    name: 'receipt',
    async play(story) {
      const { receipts } = must(
        await story.stage.run('alice', ['receipt', 'verify', 'receipts.jsonl', ...trust(story)]),
      ) as {
        receipts: { ok: boolean; modelH: string }[]
      }
      if (receipts.length === 0 || receipts.some(({ ok, modelH }) => !ok || modelH !== story.modelH))
        throw new Error('a receipt does not hold')
      return "offline, Alice's signed receipt names the very weights that Charlie sealed"
    },
  },
]

/** The model that the demo serves unless told otherwise. */
export const defaultModelPath = (): string => demoModelPath()
