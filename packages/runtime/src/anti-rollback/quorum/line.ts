import type { TLSSocket } from 'node:tls'
import type { Connector, PeerExchange } from '@dcml/attestation/node'
import { DcmlError, equalBytes } from '@dcml/protocol'
import { Client } from 'undici'
import * as v from 'valibot'
import type { Held, Recalled, Remembered } from './memory.ts'
import type { Peer } from './session.ts'
import type { Term } from './term.ts'
import { CALLS, formatMessage, recalledSchema, rememberedSchema } from './wire.ts'

/** Where a peer remembers for others. */
export interface PeerAddress {
  readonly host: string
  readonly port: number
}

/** For an answer over a connection that stands. */
const ANSWER_MS = 5000
/** A connection that is not used for so long is let go. */
const IDLE_MS = 600_000

/**
 * The way to one peer: a connection on which both enclaves were verified, kept for as long as it holds. One message is
 * under way at a time; of those that wait, the last alone is sent.
 */
export class PeerLine implements Peer {
  readonly #exchange: PeerExchange
  readonly #address: PeerAddress
  readonly #memoryId: Uint8Array
  readonly #register: string
  readonly #closing = new AbortController()
  #client: Promise<Client> | undefined
  #forgotten = false
  #turn = 0
  #busy: Promise<unknown> = Promise.resolve()

  /**
   * @param memoryId the boot id of the process that was chosen: a later one at the same address has forgotten
   * @param register 32 secret bytes in hex that name the mark
   */
  constructor(options: { exchange: PeerExchange; address: PeerAddress; memoryId: Uint8Array; register: string }) {
    this.#exchange = options.exchange
    this.#address = options.address
    this.#memoryId = options.memoryId
    this.#register = options.register
  }

  recall(term: Term): Promise<Recalled> {
    return this.#ask(CALLS.recall, { register: this.#register, term }, recalledSchema)
  }

  remember(held: Held): Promise<Remembered> {
    return this.#ask(CALLS.remember, { register: this.#register, held }, rememberedSchema)
  }

  /** Whether another process answers at the address than the one that was chosen. */
  async isLost(): Promise<boolean> {
    if (this.#forgotten) return true
    this.#client ??= this.#open()
    const opening = this.#client
    try {
      await opening
    } catch (error) {
      this.#hangUp(opening)
      this.#forgotten = error instanceof Forgotten
    }
    return this.#forgotten
  }

  async close(): Promise<void> {
    this.#closing.abort(closed())
    await this.#client?.then((client) => client.destroy()).catch(() => {})
    await this.#busy
  }

  #ask<T>(path: string, message: object, schema: v.GenericSchema<unknown, T>): Promise<T | { said: 'forgotten' }> {
    const turn = ++this.#turn
    const asked = this.#busy.then(() => {
      if (turn !== this.#turn) throw new Error('a later message took its place')
      return this.#send(path, message, schema)
    })
    this.#busy = asked.catch(() => {})
    return asked
  }

  async #send<T>(path: string, message: object, schema: v.GenericSchema<unknown, T>) {
    if (this.#forgotten) return { said: 'forgotten' } as const
    this.#client ??= this.#open()
    const opening = this.#client
    try {
      return v.parse(schema, await post(await opening, path, formatMessage(message)))
    } catch (error) {
      this.#hangUp(opening)
      if (!(error instanceof Forgotten)) throw error
      this.#forgotten = true
      return { said: 'forgotten' } as const
    }
  }

  #open(): Promise<Client> {
    const opening = this.#connect()
    opening.then(
      (client) => client.once('disconnect', () => this.#hangUp(opening)),
      () => {},
    )
    return opening
  }

  /** The next message gets a new connection. */
  #hangUp(opening: Promise<Client>): void {
    if (this.#client === opening) this.#client = undefined
    opening.then((client) => client.destroy()).catch(() => {})
  }

  async #connect(): Promise<Client> {
    const { host, port } = this.#address
    const { socket, result, evidence } = await this.#exchange.dial({ host, port, signal: this.#closing.signal })
    if (!equalBytes(result.claims.boot, this.#memoryId)) {
      socket.destroy()
      throw new Forgotten()
    }
    const client = new Client(`https://${host.includes(':') ? `[${host}]` : host}:${port}`, {
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      connect: theOnly(socket),
    })
    await post(client, CALLS.introduce, JSON.stringify({ evidence }))
    return client
  }
}

class Forgotten extends Error {}

/** A connector with one connection: that one was verified, another would not be. */
function theOnly(socket: TLSSocket): Connector {
  let used = false
  return (_target, callback) => {
    const mayUse = !used && !socket.destroyed
    used = true
    // undici forgets a request whose connection is there at once
    setImmediate(() => (mayUse ? callback(null, socket) : callback(new Error('the connection has ended'), null)))
  }
}

async function post(client: Client, path: string, body: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const answer = await client.request({ method: 'POST', path: `/dcml/v1${path}`, headers, body })
  const text = await answer.body.text()
  if (answer.statusCode !== 200) throw new Error(`the peer answers ${answer.statusCode}: ${text.slice(0, 200)}`)
  return JSON.parse(text)
}

const closed = (): DcmlError =>
  new DcmlError('draining', 'The runtime is stopping.', { hint: 'Nothing needs to be done.', retryable: true })
