// The paper's §2 to §6 as a play: Charlie publishes, A and B host, Alice uses and pays.
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readKeyFile } from '@dcml/publisher'
import { demoModelPath } from '@dcml/training/node'
import { otherHardware } from './hardware.ts'
import { close, deploy, fund, offer, open, pay, reconcile } from './money.ts'
import { type Act, must, ready, serve, trust } from './story.ts'

export const acts: readonly Act[] = [
  fund,
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
  deploy,
  {
    name: 'serve-a',
    async play(story) {
      const { stage } = story
      const folder = await stage.folder('host-a')
      await cp(story.manifest.path, join(folder, 'image.json'))
      await cp(story.container, join(folder, 'model.dcmw'))
      story.a = await stage.host('host-a', serve('host-a'))
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
          '--network',
          story.chain.networkId,
          '--contract',
          story.chain.contract,
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
      story.manifest = { ...story.manifest, path: join(folder, 'image.json') }
      story.b = await stage.host('host-b', serve('host-b'))
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
  otherHardware,
  offer,
  open,
  pay,
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
  close,
  reconcile,
]

/** The model that the demo serves unless told otherwise. */
export const defaultModelPath = (): string => demoModelPath()
