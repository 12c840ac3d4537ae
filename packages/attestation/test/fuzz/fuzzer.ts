import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Outcome, Plan } from './run.ts'
import type { Target } from './target.ts'

/** What is known of a target without its seeds. */
export type Listed = Required<Pick<Target, 'name' | 'share' | 'memory' | 'longest'>>

/** MiB of live objects that no input may bring a parser to hold; the seeds of all targets lie in it too. */
const HEAP = 512
/** So many MiB are allocated before anything is collected: what one case allocates is then seen in full. */
const YOUNG = 192

/** Feeds targets in a worker: memory is limited there, and a case that does not end can be named and stopped. */
export class Fuzzer {
  readonly targets: readonly Listed[]
  readonly #worker: Worker
  readonly #progress: Int32Array

  private constructor(worker: Worker, progress: Int32Array, targets: readonly Listed[]) {
    this.#worker = worker
    this.#progress = progress
    this.targets = targets
  }

  /** @param targets module that exports `targets` */
  static async start(targets: URL): Promise<Fuzzer> {
    const progress = new Int32Array(new SharedArrayBuffer(8))
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { targets: targets.href, progress },
      execArgv: ['--conditions=@dcml/source'],
      resourceLimits: { maxOldGenerationSizeMb: HEAP, maxYoungGenerationSizeMb: YOUNG },
    })
    const [listed] = await once(worker, 'message')
    return new Fuzzer(worker, progress, listed)
  }

  /**
   * Runs one target.
   * @param watch seconds after which a single case counts as one that never ends; Infinity: the test's own timeout decides
   */
  async run(name: string, plan: Plan, watch: number): Promise<Outcome> {
    const index = this.targets.findIndex((target) => target.name === name)
    const stop = new AbortController()
    const { promise: hung, reject } = Promise.withResolvers<never>()
    let seen = -1
    const dog = setInterval(() => {
      if (seen === this.#progress[1]) reject(new Error(`${name}: case ${this.#progress[0]} does not end`))
      seen = this.#progress[1]!
    }, Math.min(watch, 2e6) * 1000)
    try {
      this.#worker.postMessage({ index, plan })
      const [outcome] = await Promise.race([once(this.#worker, 'message', { signal: stop.signal }), hung])
      return outcome
    } catch (cause) {
      throw new Error(`${name}, case ${this.#progress[0]}: ${(cause as Error).message}`, { cause })
    } finally {
      clearInterval(dog)
      stop.abort()
    }
  }

  /** Lets the targets put away what they have, unless one of them never ends. */
  async stop(): Promise<void> {
    const ended = once(this.#worker, 'exit')
    this.#worker.postMessage('stop')
    const late = setTimeout(() => void this.#worker.terminate(), 1000)
    await ended
    clearTimeout(late)
  }
}
