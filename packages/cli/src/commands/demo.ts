import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DcmlError } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'
import { Command } from 'commander'
import { acts, defaultModelPath } from '../demo/acts.ts'
import { attacks, hostReadsDisk } from '../demo/attacks.ts'
import { accountOf } from '../demo/near.ts'
import { proofOfResponse } from '../demo/por.ts'
import { startRelay } from '../demo/relay.ts'
import { silence } from '../demo/silence.ts'
import { createStage } from '../demo/stage.ts'
import type { Story } from '../demo/story.ts'
import { options, parseAddress } from '../options.ts'
import type { Output } from '../output.ts'
import { interrupted } from './interrupted.ts'

/** The simulator's root, for whoever wants to talk to the host that `--keep` leaves running. */
const ROOT_FILE = 'development-root.pem'
const POLICY_FILE = 'policy.json'

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

/** `dcml demo`: the paper's §2 to §4, §6 and §8, and attacks that are refused. Exit 1 if any act is not ok. */
export function demoCommand(output: () => Output): Command {
  return new Command('demo')
    .option('--model <gguf>', 'serve this model instead of the embedded one')
    .option(
      '--keep',
      'leave the host and the chain running at the end, and so out the acts in which the host is switched off',
    )
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
      const planned = [...acts, ...attacks, ...proofOfResponse, ...(flags.keep ? [] : silence), hostReadsDisk]
      try {
        for (const { name, play } of planned) {
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
        const keep = flags.keep && ok
        if (keep) await leaveFiles(story)
        result(keep ? samples(story) : `${played.filter((act) => act.ok).length} of ${planned.length} acts ok`, {
          ok,
          acts: played,
          ...(!ok && { folder: root }),
          ...(keep && {
            endpoint: `https://${story.b.address}`,
            imageH: story.manifest.imageH,
            modelH: story.modelH,
            folder: root,
            node: story.chain.url,
            network: story.chain.networkId,
            contract: story.chain.contract,
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

/** What a client needs to trust the host that is left. */
async function leaveFiles({ stage, manifest }: Story): Promise<void> {
  await writeFile(join(stage.root, ROOT_FILE), (await createSimulator()).rootPem)
  const policy = { environment: 'development', imageH: [manifest.imageH], images: 'any' }
  await writeFile(join(stage.root, POLICY_FILE), JSON.stringify(policy))
}

const samples = ({ b, modelH, stage, chain }: Story): string => `
Host B and the chain are still running; Ctrl-C ends them. Without a channel B only says what it wants (402):

  curl -k https://${b.address}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{"messages":[{"role":"user","content":"What of our liberties?"}],"max_tokens":80}'

Pay for an answer as Alice, through the OpenAI SDK over a verified fetch: in examples/pay-per-token of the repository

  ENDPOINT=https://${b.address} POLICY=${join(stage.root, POLICY_FILE)} ROOT=${join(stage.root, ROOT_FILE)} \\
  MODEL_H=${modelH} \\
  NETWORK=${chain.networkId} NODE=${chain.url} CONTRACT=${chain.contract} PROVIDER=${accountOf('bob')} \\
  ACCOUNT=${accountOf('alice')} KEY=${join(stage.root, 'alice', 'near.key')} \\
    ../../node_modules/.bin/node --conditions=@dcml/source pay.ts "What of our liberties?"
`
