import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { NodeStage, Order, Said, Told } from './stage.ts'
import type { Wires } from './wires.ts'

type Asking<T = Order> = T extends Order ? Omit<T, 'id'> : never

/** A node's process, that can be killed and started again. */
export class Actor {
  readonly stage: NodeStage
  readonly #wires: Wires
  readonly #compiled: string
  #child: ChildProcess | undefined
  #complaints = ''
  #next = 0
  /** Orders that the present process has not answered. */
  #orders = new Map<number, (value: never) => void>()

  /** @param compiled folder that all processes keep compiled code in */
  constructor(stage: NodeStage, wires: Wires, compiled: string) {
    this.stage = stage
    this.#wires = wires
    this.#compiled = compiled
  }

  get account(): string {
    return this.stage.account
  }

  /** @returns when it is ready, and its neighbours' connections go to it; false where it was killed before */
  async start(): Promise<boolean> {
    const { stage } = this
    const child = fork(fileURLToPath(new URL('./node.ts', import.meta.url)), {
      serialization: 'advanced',
      execArgv: ['--conditions=@dcml/source'],
      env: { ...process.env, NODE_COMPILE_CACHE: this.#compiled },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child = child
    const ready = Promise.withResolvers<boolean>()
    child.stderr!.on('data', (text: Buffer) => {
      if (process.env.DCML_LOG !== undefined) process.stderr.write(text)
      this.#complaints = (this.#complaints + text).slice(-4000)
    })
    child.on('message', (said: Said) => {
      if ('dialled' in said) this.#wires.dialled(stage.account, said.dialled)
      else if ('ready' in said) {
        this.#wires.moved(stage.account, said.ready)
        ready.resolve(true)
      } else if (this.#child === child) {
        this.#orders.get(said.done)?.(said.value as never)
        this.#orders.delete(said.done)
      }
    })
    child.once('exit', (code, signal) => {
      if (signal === 'SIGKILL') ready.resolve(false)
      else ready.reject(new Error(`${stage.account} ended with ${code}:\n${this.#complaints}`))
    })
    child.send(stage)
    return ready.promise
  }

  /** Never resolves where the process is killed before it answers. */
  tell<K extends Asking['order']>(order: Extract<Asking, { order: K }> | { order: K }): Promise<Told[K]> {
    const id = ++this.#next
    return new Promise((resolve) => {
      this.#orders.set(id, resolve)
      this.#child!.send({ ...order, id }, () => {})
    })
  }

  /** SIGKILL. @returns how many of its own requests nobody waits for any more */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    this.#orders = new Map()
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
}
