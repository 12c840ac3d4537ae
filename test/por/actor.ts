import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { NodeStage, Order, Said, Told } from './stage.ts'
import type { Wires } from './wires.ts'

type Asking<T = Order> = T extends Order ? Omit<T, 'id'> : never

/** Why an order has no answer: its process was killed. */
export class Killed extends Error {}

/** Processes that have loaded their code and wait to be told whose they are: a start is quick, as on a quiet machine. */
export class Spares {
  readonly #compiled: string
  #spare: ChildProcess | undefined

  /** @param compiled folder that all processes keep compiled code in */
  constructor(compiled: string) {
    this.#compiled = compiled
  }

  take(): ChildProcess {
    const child = this.#spare ?? this.#fork()
    this.#spare = undefined
    return child
  }

  /** Has the next one load while others work. */
  prepare(): void {
    this.#spare ??= this.#fork()
  }

  end(): void {
    this.#spare?.kill('SIGKILL')
  }

  #fork(): ChildProcess {
    return fork(fileURLToPath(new URL('./node.ts', import.meta.url)), {
      serialization: 'advanced',
      execArgv: ['--conditions=@dcml/source'],
      env: { ...process.env, NODE_COMPILE_CACHE: this.#compiled },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
  }
}

/** A node's process, that can be killed and started again. */
export class Actor {
  readonly stage: NodeStage
  readonly #wires: Wires
  readonly #spares: Spares
  #child: ChildProcess | undefined
  #next = 0
  /** Orders that the present process has not answered. */
  readonly #orders = new Map<number, PromiseWithResolvers<never>>()
  #up: PromiseWithResolvers<void> = Promise.withResolvers()
  #isUp = false

  constructor(stage: NodeStage, wires: Wires, spares: Spares) {
    this.stage = stage
    this.#wires = wires
    this.#spares = spares
  }

  get account(): string {
    return this.stage.account
  }

  /** Resolves when the present process, or the next one, is ready. */
  get up(): Promise<void> {
    return this.#up.promise
  }

  /** Resolves when it is ready, and connections to it go to this process. @throws Killed where it was killed before */
  start(): Promise<void> {
    const { stage } = this
    const child = this.#spares.take()
    this.#child = child
    const ready = Promise.withResolvers<void>()
    let complaints = ''
    child.stderr!.on('data', (text: Buffer) => {
      if (process.env.DCML_LOG !== undefined) process.stderr.write(text)
      complaints = (complaints + text).slice(-4000)
    })
    child.on('message', (said: Said) => {
      if ('dialled' in said) this.#wires.dialled(stage.account, said.dialled)
      else if ('done' in said) this.#orders.get(said.done)?.resolve(said.value as never)
      else if (this.#child === child) {
        this.#wires.moved(stage.account, said.ready)
        this.#isUp = true
        this.#up.resolve()
        ready.resolve()
      }
    })
    child.once('exit', (code, signal) => {
      const killed = signal === 'SIGKILL'
      const why = killed ? new Killed() : new Error(`${stage.account} ended with ${code}:\n${complaints}`)
      ready.reject(why)
      for (const order of this.#orders.values()) order.reject(why)
    })
    child.send(stage)
    return ready.promise
  }

  /** @throws Killed where the process is killed before it answers */
  async tell<K extends Asking['order']>(order: Extract<Asking, { order: K }> | { order: K }): Promise<Told[K]> {
    await this.up
    if (this.#child === undefined) throw new Killed()
    const id = ++this.#next
    const answer = Promise.withResolvers<never>()
    this.#orders.set(id, answer)
    this.#child.send({ ...order, id }, (error) => error && answer.reject(new Killed()))
    try {
      return await answer.promise
    } finally {
      this.#orders.delete(id)
    }
  }

  /** SIGKILL. Resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined) return
    // who waits for a process that never came up waits for the next one
    if (this.#isUp) this.#up = Promise.withResolvers()
    this.#isUp = false
    const isGone = child.exitCode !== null || child.signalCode !== null
    const gone = isGone ? undefined : once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
}
