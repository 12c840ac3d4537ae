// Processes and folders of the demo: every party is a `dcml` process of its own, in a folder of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DcmlError } from '@dcml/protocol'

/** How a finished command ended. */
export interface Finished {
  readonly code: number
  /** The JSON document it printed, or its `error`. */
  readonly json: Record<string, unknown>
}

/** A host that serves until it is stopped. */
export interface Host {
  readonly address: string
  readonly adminUrl: string
  /** Of a runtime, hex. */
  readonly sessionKey: string
  readonly folder: string
  /** Stops its process as a machine that hangs: connections stay. */
  pause(): void
  resume(): void
  stop(): Promise<void>
}

/** Where the demo plays. */
export interface Stage {
  readonly root: string
  folder(party: string): Promise<string>
  /** Runs a command to its end; `onText` sees what it prints on stderr. */
  run(party: string, args: readonly string[], onText?: (text: string) => void): Promise<Finished>
  /** Starts what serves until the demo ends. @returns the first document it printed */
  service(party: string, args: readonly string[]): Promise<Record<string, unknown>>
  /** Starts a server and waits for the line that says where it listens. */
  host(party: string, args: readonly string[]): Promise<Host>
  /** Ends every process that is left. */
  close(): Promise<void>
}

const START_TIMEOUT_MS = 60_000

/** Prepares a stage in a folder that exists. */
export function createStage(root: string): Stage {
  const children = new Set<ChildProcess>()
  const folder = async (party: string): Promise<string> => {
    const path = join(root, party)
    await mkdir(join(path, 'tmp'), { recursive: true })
    return path
  }

  async function start(party: string, args: readonly string[]): Promise<ChildProcess> {
    const cwd = await folder(party)
    const log = createWriteStream(join(cwd, 'log.txt'), { flags: 'a' })
    // a party finds nothing of the demo's surroundings but its own folder
    const env = { PATH: process.env.PATH, HOME: cwd, TMPDIR: join(cwd, 'tmp'), NODE_NO_WARNINGS: '1' }
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...args, '--json'], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.add(child)
    child.once('close', () => {
      children.delete(child)
      log.end()
    })
    for (const stream of [child.stdout, child.stderr]) stream!.on('data', (chunk: Buffer) => log.write(chunk))
    return child
  }

  return {
    root,
    folder,
    async run(party, args, onText) {
      const child = await start(party, args)
      let printed = ''
      child.stdout!.setEncoding('utf8').on('data', (text: string) => (printed += text))
      if (onText) child.stderr!.setEncoding('utf8').on('data', onText)
      const code = await ended(child)
      return { code, json: lastDocument(printed) }
    },
    async service(party, args) {
      return firstDocument(await start(party, args), party)
    },
    async host(party, args) {
      const child = await start(party, args)
      const { address, adminUrl, sessionKey } = (await firstDocument(child, party)) as Record<string, string>
      return {
        address: address!,
        adminUrl: adminUrl!,
        sessionKey: sessionKey ?? '',
        folder: join(root, party),
        pause: () => void child.kill('SIGSTOP'),
        resume: () => void child.kill('SIGCONT'),
        async stop() {
          child.kill('SIGKILL')
          await ended(child)
        },
      }
    },
    async close() {
      const left = [...children]
      for (const child of left) child.kill('SIGKILL')
      await Promise.all(left.map(ended))
    },
  }
}

const ended = (child: ChildProcess): Promise<number> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode ?? 1)
    : new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)))

function lastDocument(printed: string): Record<string, unknown> {
  try {
    return JSON.parse(printed.trim().split('\n').at(-1)!)
  } catch {
    return { error: { code: 'no_result', message: 'The command printed no result.' } }
  }
}

async function firstDocument(child: ChildProcess, party: string): Promise<Record<string, unknown>> {
  const lines = createInterface({ input: child.stdout! })
  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS)
  try {
    for await (const line of lines) {
      const said = JSON.parse(line) as { error?: { code: string; message: string } }
      if (said.error) throw failedToStart(party, `${said.error.code}: ${said.error.message}`)
      return { ...said }
    }
  } finally {
    clearTimeout(timer)
  }
  throw failedToStart(party, 'it ended without a word')
}

const failedToStart = (party: string, why: string): DcmlError =>
  new DcmlError('demo_process_failed', `${party} did not start: ${why}`, { hint: `Read log.txt in its folder.` })
