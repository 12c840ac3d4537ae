import type { TLSSocket } from 'node:tls'
import type { NodeKeys } from './keys.ts'
import { dial } from './tls.ts'

/** ms before the second attempt, and at most; each a random part of it, so that a restarted hub is not stormed. */
const FIRST = 250
const LONGEST = 30_000

interface Attempt {
  readonly endpoint: string
  stop(): void
}

/** Keeps dialling the neighbours that have no session, ever more seldom. */
export class Dials {
  readonly #keys: NodeKeys
  readonly #timeout: number
  readonly #connected: (edgeId: bigint, socket: TLSSocket) => void
  readonly #attempts = new Map<bigint, Attempt>()
  /** Attempts since a session last came to a hello. */
  readonly #tries = new Map<bigint, number>()

  /** @param timeout ms for a handshake @param connected called with a socket of which nothing was read */
  constructor(keys: NodeKeys, timeout: number, connected: (edgeId: bigint, socket: TLSSocket) => void) {
    this.#keys = keys
    this.#timeout = timeout
    this.#connected = connected
  }

  /** Dials these endpoints and no others. */
  only(endpoints: ReadonlyMap<bigint, string>): void {
    for (const [edgeId, { endpoint }] of this.#attempts) {
      if (endpoints.get(edgeId) === endpoint) continue
      this.forget(edgeId)
      this.#tries.delete(edgeId)
    }
    for (const [edgeId, endpoint] of endpoints) if (!this.#attempts.has(edgeId)) this.#schedule(edgeId, endpoint)
  }

  /** The neighbour said hello: from here on it is dialled often again. */
  arrived(edgeId: bigint): void {
    this.#tries.set(edgeId, 1)
  }

  forget(edgeId: bigint): void {
    this.#attempts.get(edgeId)?.stop()
    this.#attempts.delete(edgeId)
  }

  close(): void {
    for (const edgeId of [...this.#attempts.keys()]) this.forget(edgeId)
  }

  #schedule(edgeId: bigint, endpoint: string): void {
    const tries = this.#tries.get(edgeId) ?? 0
    this.#tries.set(edgeId, tries + 1)
    const longest = tries === 0 ? 0 : Math.min(LONGEST, FIRST * 2 ** Math.min(tries - 1, 10))
    const timer = setTimeout(() => this.#dial(edgeId, endpoint), longest * (0.5 + Math.random() / 2))
    this.#attempts.set(edgeId, { endpoint, stop: () => clearTimeout(timer) })
  }

  #dial(edgeId: bigint, endpoint: string): void {
    let socket: TLSSocket | undefined
    const attempt = { endpoint, stop: () => socket?.destroy() }
    const done = (error: Error | null, connected: TLSSocket): void => {
      if (this.#attempts.get(edgeId) !== attempt) return void connected.destroy()
      this.#attempts.delete(edgeId)
      if (error) this.#schedule(edgeId, endpoint)
      else this.#connected(edgeId, connected)
    }
    this.#attempts.set(edgeId, attempt)
    try {
      socket = dial(this.#keys, endpoint, this.#timeout, done)
    } catch {
      // an endpoint that cannot be read is tried again when the node registers another
      attempt.stop = () => {}
    }
  }
}
