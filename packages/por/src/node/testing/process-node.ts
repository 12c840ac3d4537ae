import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Chain } from '@dcml/protocol'
import type { RequestOptions } from '../../requester/options.ts'
import type { RequestResult } from '../../requester/request.ts'
import { nodeKeys } from '../keys.ts'
import type { NodeOptions, OwnEdge } from '../options.ts'
import type { MemoryChain } from './memory-chain.ts'

export interface ChildOptions extends Pick<NodeOptions, 'key' | 'account' | 'store' | 'listen' | 'limits'> {
  readonly chain: Chain
  readonly config: { readonly guard?: number }
}

/** What the chain answered. */
export interface Answered {
  readonly call: number
  readonly value?: unknown
  readonly error?: string
}

export type Order =
  | { readonly order: 'edges'; readonly id: number }
  | {
      readonly order: 'request'
      readonly id: number
      readonly target: string
      readonly payload: Uint8Array
      readonly options: RequestOptions
    }

type Said =
  | { readonly call: number; readonly method: keyof MemoryChain; readonly args: readonly unknown[] }
  | { readonly done: number; readonly value?: unknown; readonly error?: string }
  | { readonly address: { readonly host: string; readonly port: number } }

/** A node in another process: it can be stopped, and killed, as a real one. */
export class ProcessNode {
  readonly #child: ChildProcess
  readonly #orders = new Map<number, PromiseWithResolvers<never>>()
  #next = 0

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async start(chain: MemoryChain, options: Omit<ChildOptions, 'chain'>): Promise<ProcessNode> {
    const child = fork(fileURLToPath(new URL('./child.ts', import.meta.url)), {
      serialization: 'advanced',
      execArgv: ['--conditions=@dcml/source'],
    })
    const node = new ProcessNode(child)
    const ready = Promise.withResolvers<void>()
    child.on('message', async (said: Said) => {
      if ('address' in said) {
        const key = nodeKeys(options.key).signer.publicKey
        chain.register(options.account, key, `${said.address.host}:${said.address.port}`)
        ready.resolve()
      } else if ('done' in said) node.#done(said)
      else node.#say(await answerOf(chain, said))
    })
    child.once('exit', (code) => ready.reject(new Error(`The node exited with ${code}.`)))
    node.#say({ ...options, chain: chain.chain })
    await ready.promise
    return node
  }

  request(target: string, payload: Uint8Array, options: RequestOptions): Promise<RequestResult> {
    return this.#order((id) => ({ order: 'request', id, target, payload, options }))
  }

  edges(): Promise<readonly OwnEdge[]> {
    return this.#order((id) => ({ order: 'edges', id }))
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  async kill(): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  #say(message: object): void {
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  #order<T>(make: (id: number) => Order): Promise<T> {
    const waiting = Promise.withResolvers<never>()
    this.#orders.set(++this.#next, waiting)
    this.#say(make(this.#next))
    return waiting.promise
  }

  /** An error crosses as its code. */
  #done({ done, value, error }: Extract<Said, { done: number }>): void {
    const waiting = this.#orders.get(done)
    this.#orders.delete(done)
    if (error === undefined) waiting?.resolve(value as never)
    else waiting?.reject(new Error(error))
  }
}

async function answerOf(
  chain: MemoryChain,
  { call, method, args }: Extract<Said, { method: unknown }>,
): Promise<Answered> {
  try {
    const value = await (chain[method] as (...args: readonly unknown[]) => Promise<unknown>).apply(chain, [...args])
    return { call, value }
  } catch (error) {
    return { call, error: (error as Error).message }
  }
}
