// A requester and a recipient that only play their parts: everything they send was signed before, and they check nothing,
// so that what is measured is the relay between them.
import { hash } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { Message } from '@dcml/por'
import { nodeKeys, SESSION_LIMITS } from '@dcml/por/node'
import { equalBytes } from '@dcml/protocol'
import {
  type PorRequest,
  type PorResponse,
  type PorVoucher,
  porRequest,
  porResponse,
  porVoucher,
  requestHash,
  type Signed,
  sign,
} from '@dcml/protocol/por'
import { Session } from '../packages/por/src/node/session.ts'
import { MemoryChain } from '../packages/por/src/node/testing/memory-chain.ts'
import { dial } from '../packages/por/src/node/tls.ts'

export const PAYLOAD = 256
export const HOLD = 30_000
/** S: long, so that nothing is late however much is under way. */
const SERVICE = 20_000
/** Requests that a neighbour takes at once. */
const ROOM = 16_384

export const EDGE = { latency: 200, sync: 1000, maxInflight: ROOM } as const

const NAMES = ['requester.testnet', 'relay.testnet', 'recipient.testnet'] as const
export const REQUESTER = 0
export const RELAY = 1
export const RECIPIENT = 2

export const seedOf = (at: number): Uint8Array => new Uint8Array(32).fill(at + 1)
export const keysOf = (at: number) => nodeKeys(seedOf(at))
export const nameOf = (at: number): string => NAMES[at]!

/** Requester, relay and recipient, with edges 1 and 2 between them. Who only dials has no endpoint. */
export function threeNodes(): MemoryChain {
  const chain = new MemoryChain()
  for (const at of NAMES.keys()) chain.register(nameOf(at), keysOf(at).signer.publicKey)
  for (const id of [1, 2]) {
    chain.open(BigInt(id), nameOf(id - 1), nameOf(id), EDGE)
    chain.change(BigInt(id), { depositU: 10n ** 30n, depositV: 10n ** 30n })
  }
  return chain
}

/** A request, its answer, and the voucher that it comes with. */
export interface Exchange {
  readonly request: Signed<PorRequest>
  readonly response: Signed<PorResponse>
  readonly payload: Uint8Array
  readonly voucher: Signed<PorVoucher> | null
  readonly fee: bigint
}

/** Signs exchanges in order. @param batch requests that one voucher pays for @param lateRate ρ */
export class Script {
  readonly #batch: number
  readonly #lateRate: bigint
  readonly #keys = NAMES.map((_, at) => keysOf(at).signer)
  readonly #chain = threeNodes()
  #count = 0
  #seq = 0n

  constructor(batch: number, lateRate = 1n) {
    this.#batch = batch
    this.#lateRate = lateRate
  }

  next(count: number): Exchange[] {
    return Array.from({ length: count }, () => this.#one())
  }

  #one(): Exchange {
    const { chain } = this.#chain
    const at = this.#count++
    const [requester, , recipient] = this.#keys
    const payload = new Uint8Array(PAYLOAD).fill(at)
    const requestId = new Uint8Array(32)
    new DataView(requestId.buffer).setUint32(0, at)
    const about = { payloadHash: Uint8Array.from(hash('sha256', payload, 'buffer')), payloadLength: PAYLOAD }
    const fields = {
      ...{ ...about, requestId, requester: nameOf(REQUESTER), recipient: nameOf(RECIPIENT) },
      ...{ recipientKey: recipient!.publicKey, maxResponse: PAYLOAD, lateRate: this.#lateRate, service: SERVICE },
      app: 'dcml/ping',
    }
    const request = sign(porRequest, chain, fields, requester!)
    const answer = { ...about, requestHash: requestHash(request.body), status: 0 }
    const response = sign(porResponse, chain, answer, recipient!)
    const fee = [1n, 2n].reduce((sum, id) => {
      const { baseCost, byteCost } = this.#chain.edge(id).params
      return sum + baseCost + byteCost * BigInt(2 * PAYLOAD)
    }, 0n)
    const total = fee * BigInt(this.#count)
    const isPaid = this.#count % this.#batch === 0
    const voucher = isPaid ? sign(porVoucher, chain, { edgeId: 1n, seq: ++this.#seq, total }, requester!) : null
    return { request, response, payload, voucher, fee }
  }
}

export const SOFT = 4 * EDGE.latency + SERVICE

export const requestMessage = ({
  request,
  payload,
  voucher,
  fee,
}: Exchange): Extract<Message, { type: 'request' }> => ({
  type: 'request',
  ...{ request, edgeId: 1n, path: [2n], soft: SOFT, hard: SOFT + HOLD, fee, payload, voucher },
})

export const responseMessage = ({ response, payload }: Exchange): Extract<Message, { type: 'response' }> => ({
  type: 'response',
  ...{ edgeId: 2n, response, payload, voucher: null, holds: [0] },
})

/** Which exchange a request belongs to. */
export const indexOf = ({ requestId }: PorRequest): number =>
  new DataView(requestId.buffer, requestId.byteOffset).getUint32(0)

export const hello = (at: number, edgeId: bigint): Extract<Message, { type: 'hello' }> => ({
  type: 'hello',
  ...{ version: 1, ...threeNodes().chain, account: nameOf(at), edgeId },
  ...{ paid: null, received: null, window: ROOM },
})

const LIMITS = { ...SESSION_LIMITS, framesPerSecond: 1e9, bytesPerSecond: 1e12, queued: 1e9 }

/** One end of an edge, at whose other end is a node. */
export async function connectTo(
  endpoint: string,
  at: number,
  edgeId: bigint,
  take: (message: Message) => void,
): Promise<Session> {
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    dial(keysOf(at), endpoint, 10_000, (error, connected) => (error ? reject(error) : resolve(connected)))
  })
  const greeted = Promise.withResolvers<void>()
  const session = new Session(socket, LIMITS, {
    message: (message) => (message.type === 'hello' ? greeted.resolve() : take(message)),
    closed: (code) => greeted.reject(new Error(`The session of edge ${edgeId} was closed: ${code}`)),
  })
  session.start()
  session.send(hello(at, edgeId))
  await greeted.promise
  return session
}

/** Answers each request with what the script has for it, unless it was told to hold back. */
export class Recipient {
  readonly #exchanges: readonly Exchange[]
  readonly #held: Exchange[] = []
  #session: Session | null = null
  #tick = 0
  holdsBack = false

  constructor(exchanges: readonly Exchange[]) {
    this.#exchanges = exchanges
  }

  async connect(endpoint: string): Promise<void> {
    this.#session = await connectTo(endpoint, RECIPIENT, 2n, (message) => this.take(message))
    const settle = () =>
      this.#session?.send({
        ...{ type: 'sync', edgeId: 2n, tick: ++this.#tick, next: 1000, late: [], voucher: null, window: ROOM },
      })
    setInterval(settle, 1000).unref()
  }

  /** For a session that another end made. */
  adopt(session: Session): void {
    this.#session = session
  }

  take(message: Message): void {
    if (message.type !== 'request') return
    const exchange = this.#exchanges[indexOf(message.request.body)]!
    const requestHash = exchange.response.body.requestHash
    this.#session!.send({ type: 'ack', requestHash, edgeId: message.edgeId, window: ROOM })
    if (this.holdsBack) this.#held.push(exchange)
    else this.#answer(exchange)
  }

  get held(): number {
    return this.#held.length
  }

  release(): void {
    this.holdsBack = false
    for (const exchange of this.#held.splice(0)) this.#answer(exchange)
  }

  #answer(exchange: Exchange): void {
    this.#session!.send(responseMessage(exchange))
  }
}

/** Sends exchanges, and waits for their answers in the order that they come. */
export class Requester {
  readonly #waiting = new Map<string, { readonly exchange: Exchange; readonly sentAt: number; done: () => void }>()
  #session: Session | null = null
  /** ms from a request to its answer. */
  readonly took: number[] = []

  async connect(endpoint: string): Promise<void> {
    this.#session = await connectTo(endpoint, REQUESTER, 1n, (message) => this.take(message))
  }

  adopt(session: Session): void {
    this.#session = session
  }

  /** Sends one, and calls `done` with its answer. */
  send(exchange: Exchange, done: () => void): void {
    const name = Buffer.from(exchange.response.body.requestHash).toString('latin1')
    this.#waiting.set(name, { exchange, sentAt: performance.now(), done })
    this.#session!.send(requestMessage(exchange))
  }

  /** @throws Error for anything but the answer of the script */
  take(message: Message): void {
    if (message.type === 'refuse') throw new Error(`The relay refuses, for reason ${message.reason}.`)
    if (message.type === 'broken') throw new Error('The relay says that an edge is gone.')
    if (message.type !== 'response') return
    const { response, payload } = message
    const name = Buffer.from(response.body.requestHash).toString('latin1')
    const waiting = this.#waiting.get(name)
    if (waiting === undefined) throw new Error('An answer came to nothing that was asked.')
    const { exchange, sentAt, done } = waiting
    const isIt = equalBytes(response.signature, exchange.response.signature) && equalBytes(payload, exchange.payload)
    if (!isIt) throw new Error('An answer is not the one that was signed.')
    this.#waiting.delete(name)
    this.took.push(performance.now() - sentAt)
    done()
  }

  /** All of them, so many at a time. @returns how many a second */
  async flood(exchanges: readonly Exchange[], atOnce: number): Promise<number> {
    const began = performance.now()
    let next = 0
    let left = exchanges.length
    await new Promise<void>((resolve) => {
      const more = (): void => {
        if (next < exchanges.length) this.send(exchanges[next++]!, done)
      }
      const done = (): void => {
        left -= 1
        if (left === 0) resolve()
        else more()
      }
      for (let i = 0; i < atOnce; i++) more()
    })
    return exchanges.length / ((performance.now() - began) / 1000)
  }

  /** So many a second, whatever becomes of those before. @returns ms that each took */
  async stroll(exchanges: readonly Exchange[], perSecond: number): Promise<number[]> {
    this.took.length = 0
    const began = performance.now()
    let next = 0
    let left = exchanges.length
    await new Promise<void>((resolve) => {
      const done = (): void => {
        left -= 1
        if (left === 0) resolve()
      }
      const step = (): void => {
        const due = Math.min(exchanges.length, Math.floor(((performance.now() - began) / 1000) * perSecond))
        while (next < due) this.send(exchanges[next++]!, done)
        if (next < exchanges.length) setTimeout(step, 1)
      }
      step()
    })
    return [...this.took]
  }
}
