import { Agent } from 'node:https'
import type { Duplex } from 'node:stream'
import { type AttestOptions, connectAttested } from '@dcml/attestation/node'
import type { Session } from '../transport.ts'

export interface AttestedAgentOptions extends AttestOptions {
  readonly host: string
  readonly port: number
  /** Gives up connections that are being verified. */
  readonly signal: AbortSignal
}

/** A pool of connections to one enclave. node:https gets to see a connection only after it was verified. */
export class AttestedAgent extends Agent {
  readonly #options: AttestedAgentOptions
  readonly #sessions = new WeakMap<Duplex, Session>()

  constructor(options: AttestedAgentOptions) {
    // fifo: the head of the list is what skips connections that were closed while idle
    super({ keepAlive: true, scheduling: 'fifo' })
    this.#options = options
  }

  override createConnection(_: unknown, callback?: (error: Error | null, socket: Duplex) => void): undefined {
    connectAttested(this.#options).then(
      ({ socket, result, peerEvidence }) => {
        this.#sessions.set(socket, { attested: result, evidence: peerEvidence })
        callback?.(null, socket)
      },
      // on an error there is no socket; @types/node says otherwise
      (error: Error) => callback?.(error, undefined as never),
    )
  }

  /** Who was verified at the other end of `socket`. */
  sessionOf(socket: Duplex): Session | undefined {
    return this.#sessions.get(socket)
  }

  /** Closes idle connections whose evidence is older than the policy allows, so that the next request verifies anew. */
  dropStale(now: number): void {
    const oldest = now - this.#options.policy.maxAgeSeconds * 1000
    for (const sockets of Object.values(this.freeSockets))
      for (const socket of sockets ?? [])
        if ((this.sessionOf(socket)?.attested.claims.iat ?? Number.NEGATIVE_INFINITY) < oldest) socket.destroy()
  }
}
