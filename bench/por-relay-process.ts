import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RelayOptions, RelayReading } from './por-relay-child.ts'

/** A relay in a process of its own, with a store of its own. */
export class RelayProcess {
  readonly endpoint: string
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(child: ChildProcess, folder: string, endpoint: string) {
    this.#child = child
    this.#folder = folder
    this.endpoint = endpoint
  }

  /** @param where folder in which its store is made */
  static async start(where: string, options: Omit<RelayOptions, 'store'>): Promise<RelayProcess> {
    const store = await mkdtemp(join(where, 'dcml-bench-por-'))
    const child = fork(fileURLToPath(new URL('./por-relay-child.ts', import.meta.url)), {
      execArgv: [...process.execArgv, '--expose-gc'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    child.send({ ...options, store } satisfies RelayOptions)
    const [{ endpoint }] = (await once(child, 'message')) as [{ endpoint: string }]
    return new RelayProcess(child, store, endpoint)
  }

  /** What its process took so far; for what it holds, after its garbage is collected. */
  async read(order: 'clock' | 'weigh'): Promise<RelayReading> {
    this.#child.send(order)
    const [reading] = (await once(this.#child, 'message')) as [RelayReading]
    return reading
  }

  async close(): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.#child.disconnect()
    await gone
    await rm(this.#folder, { recursive: true })
  }
}
