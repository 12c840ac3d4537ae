import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DcmlError } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'
import { Command } from 'commander'
import { acts, defaultModelPath } from '../demo/acts.ts'
import { attacks } from '../demo/attacks.ts'
import { startRelay } from '../demo/relay.ts'
import { createStage } from '../demo/stage.ts'
import type { Story } from '../demo/story.ts'
import { options, parseAddress } from '../options.ts'
import type { Output } from '../output.ts'
import { interrupted } from './interrupted.ts'

/** The simulator's root, for whoever wants to talk to the host that `--keep` leaves running. */
const ROOT_FILE = 'development-root.pem'

interface DemoFlags {
  model?: string
  keep?: boolean
  json?: boolean
}

/** What `--json` prints for each act. */
interface Played {
  name: string
  ok: boolean
  ms: number
  proved: string
}

/** `dcml demo`: the paper's §2 to §4, then attacks that are refused. Exit 1 if any act is not ok. */
export function demoCommand(output: () => Output): Command {
  return new Command('demo')
    .option('--model <gguf>', 'serve this model instead of the embedded one')
    .option('--keep', 'leave the last host running at the end')
    .addOption(options.json())
    .action(async (flags: DemoFlags) => {
      const { note, result } = output()
      const modelPath = flags.model === undefined ? defaultModelPath() : resolve(flags.model)
      if (!existsSync(modelPath)) throw noModel(modelPath)
      const root = await mkdtemp(join(tmpdir(), 'dcml-demo-'))
      const stage = createStage(root)
      const story = {
        stage,
        canary: `canary-${randomBytes(8).toString('hex')}`,
        modelPath,
        say: (text: string) => void (flags.json || process.stderr.write(text)),
      } as Story // the rest is filled in by the acts, in order

      const stopped = interrupted()
      stopped.addEventListener('abort', () => void stage.close())
      note(`SIMULATED TEE: this shows the protocol at work and protects nothing. Folders: ${root}\n`)
      const played: Played[] = []
      try {
        for (const { name, play } of [...acts, ...attacks]) {
          const start = performance.now()
          const outcome = await play(story).then(
            (proved) => ({ ok: true, proved }),
            (error: unknown) => ({ ok: false, proved: error instanceof Error ? error.message : String(error) }),
          )
          stopped.throwIfAborted()
          const act = { name, ms: Math.round(performance.now() - start), ...outcome }
          played.push(act)
          note(`${act.ok ? 'ok    ' : 'NOT OK'} ${name.padEnd(24)} ${String(act.ms).padStart(6)} ms  ${act.proved}`)
          if (!act.ok) break
        }
        const ok = played.every((act) => act.ok)
        const total = acts.length + attacks.length
        const keep = flags.keep && ok
        if (keep) await writeFile(join(root, ROOT_FILE), (await createSimulator()).rootPem)
        result(keep ? samples(story) : `${played.filter((act) => act.ok).length} of ${total} acts ok`, {
          ok,
          acts: played,
          ...(!ok && { folder: root }),
          ...(keep && {
            endpoint: `https://${story.b.address}`,
            imageH: story.manifest.imageH,
            modelH: story.modelH,
            folder: root,
          }),
        })
        if (!ok) process.exitCode = 1
        if (keep && !stopped.aborted) await new Promise((stop) => stopped.addEventListener('abort', stop))
      } finally {
        await stage.close()
        if (played.every((act) => act.ok)) await rm(root, { recursive: true, force: true })
        else note(`The folders are kept: ${root}`)
      }
    })
}

const noModel = (path: string): DcmlError =>
  new DcmlError('model_not_found', `There is nothing at ${path}.`, { hint: 'Give the path of a GGUF file.' })

/** The attacker of the `relay` act; not shown in the help. */
export const relayCommand = (output: () => Output): Command =>
  new Command('demo-relay')
    .argument('<address>')
    .option('--json')
    .action(async (address: string) => {
      const listening = await startRelay(parseAddress(address))
      output().result(listening, { address: listening, adminUrl: 'none' })
    })

const samples = ({ b, manifest, modelH, stage }: Story): string => `
Host B is still running; Ctrl-C ends it. Ask it without verifying anything:

  curl -k https://${b.address}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{"messages":[{"role":"user","content":"What of our liberties?"}],"max_tokens":80}'

Ask it through the OpenAI SDK over a verified fetch: as try.mjs in a folder where @dcml/client, @dcml/attestation and
openai are installed. In the repository of dcml that is examples/private-chat, and the command there is
../../node_modules/.bin/node --conditions=@dcml/source try.mjs

  import { readFileSync } from 'node:fs'
  import { development } from '@dcml/attestation'
  import { createClient } from '@dcml/client'
  import OpenAI from 'openai'
  const roots = [readFileSync('${join(stage.root, ROOT_FILE)}', 'utf8')]
  const policy = development({ imageH: ['${manifest.imageH}'] })
  const client = createClient({ endpoint: 'https://${b.address}', policy, roots, modelH: '${modelH}' })
  const openai = new OpenAI({ baseURL: 'https://${b.address}/v1', apiKey: 'none', fetch: client.fetch })
  console.log(await openai.chat.completions.create({ model: '${modelH}', messages: [{ role: 'user', content: 'Hello' }] }))
`
