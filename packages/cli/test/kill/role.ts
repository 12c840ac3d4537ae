import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Said, Stage } from './stage.ts'

export type RoleName = 'chain' | 'runtime' | 'payer' | 'watcher'

interface Process {
  readonly child: ChildProcess
  /** Resolves when it is gone, and all it said was heard. */
  readonly over: Promise<unknown>
}

/** One process that is killed and started again. */
export class Role {
  readonly name: RoleName
  readonly #stage: () => Stage
  readonly #hear: (said: Said) => void
  readonly #hasSpare: boolean
  #current: Process | undefined
  #spare: Process | undefined
  #onReady: (said: Said) => void = () => {}
  #complaints = ''
  /** An end that nobody asked for is a start again. */
  #wanted = false

  constructor(name: RoleName, stage: () => Stage, hear: (said: Said) => void) {
    this.name = name
    this.#hasSpare = name === 'runtime' || name === 'payer'
    this.#stage = stage
    this.#hear = hear
  }

  get isRunning(): boolean {
    return this.#current !== undefined
  }

  /** @returns what it said when it was ready; undefined where it was killed before */
  async start(): Promise<Said | undefined> {
    this.#wanted = true
    for (let attempt = 1; attempt <= 20; attempt++) {
      const ready = await this.#run()
      if (ready !== undefined || !this.#wanted) return ready
      // its port or its lock is not free yet
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`${this.name} does not start:\n${this.#complaints}`)
  }

  /** SIGKILL. Resolves when it is gone and all it said was heard. */
  async kill(): Promise<void> {
    this.#wanted = false
    this.#current?.child.kill('SIGKILL')
    await this.#current?.over
  }

  /** For good. */
  async end(): Promise<void> {
    this.#spare?.child.kill('SIGKILL')
    await Promise.all([this.kill(), this.#spare?.over])
  }

  #run(): Promise<Said | undefined> {
    const { child, over } = this.#spare ?? this.#spawn()
    this.#spare = undefined
    const { promise: ready, resolve } = Promise.withResolvers<Said | undefined>()
    this.#onReady = resolve
    this.#current = { child, over }
    void over.then(() => {
      if (this.#current?.child === child) this.#current = undefined
      resolve(undefined)
    })
    child.stdin!.write(`${JSON.stringify(this.#stage())}\n`)
    // the next one loads its code while this one works
    if (this.#hasSpare) this.#spare = this.#spawn()
    return ready
  }

  #spawn(): Process {
    const args = ['--conditions=@dcml/source', join(import.meta.dirname, 'main.ts'), this.name]
    const env = { ...process.env, NODE_COMPILE_CACHE: join(this.#stage().folder, 'compiled') }
    const child = spawn(process.execPath, args, { stdio: 'pipe', env })
    child.stdin!.on('error', () => {})
    child.stderr!.on('data', (text: Buffer) => {
      this.#complaints = (this.#complaints + text).slice(-4000)
    })
    const lines = createInterface(child.stdout!)
    lines.on('line', (line) => {
      const said: Said = JSON.parse(line)
      this.#hear(said)
      if (said.event === 'ready') this.#onReady(said)
    })
    const heard = new Promise<void>((done) => lines.once('close', done))
    const gone = new Promise<void>((done) => child.once('close', () => done()))
    return { child, over: Promise.all([heard, gone]) }
  }
}
