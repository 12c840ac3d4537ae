// Machines on a virtual clock, with edges as slow as they promise and a chain that carries out cuts.

import { utf8 } from '@dcml/protocol'
import {
  type EdgeFacts,
  type EdgeParams,
  type NodeSigner,
  type PorRequest,
  porRequest,
  requestHash,
  type Signed,
  sign,
} from '@dcml/protocol/por'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Message } from '../../wire/messages.ts'
import { createMachine } from '../machine.ts'
import { Timers, timer } from '../timers.ts'
import type { Ask, Effect, GraphView, Input, Kept, Machine, NodeConfig, Outcome } from '../types.ts'
import { cheapSigner, cheapVerify } from './crypto.ts'
import { CHAIN, CONFIG, PARAMS } from './defaults.ts'

export interface LinkSpec {
  readonly ends: readonly [string, string]
  readonly params?: Partial<EdgeParams>
  readonly deposit?: bigint
}

export interface Seen {
  readonly at: number
  readonly node: string
  readonly effect: Effect
}

/** What travels over an edge, when: null for never. */
export type Wire = (
  message: Message,
  from: string,
  to: string,
  latency: number,
  now: number,
) => readonly [Message, number] | null

interface Member {
  readonly signer: NodeSigner
  machine: Machine
  kept: Kept[]
  isDown: boolean
  wakeAt: number | null
}

export class Net {
  now = 1_000_000
  readonly start = this.now
  readonly seen: Seen[] = []
  readonly members = new Map<string, Member>()
  readonly edges = new Map<bigint, EdgeFacts>()
  /** How services answer: what, and after how many ms; null for never. */
  service: (request: Signed<PorRequest>, payload: Uint8Array) => readonly [Uint8Array, number] | null = (
    _,
    payload,
  ) => [payload, 0]
  wire: Wire = (message, _from, _to, latency) => [message, latency]
  /** ms until the chain carries a cut out. */
  finality = 1_200
  /** Sessions of an edge so far: what one still carries when it ends is lost. */
  readonly #sessions = new Map<bigint, number>()
  readonly #agenda = new Timers()
  #order = 0
  /** Kills a node after so many effects, amid a turn. */
  fuse: { readonly node: string; effects: number; readonly gap: number } | null = null
  #config: (account: string) => Partial<NodeConfig>

  constructor(links: readonly LinkSpec[], config: (account: string) => Partial<NodeConfig> = () => ({})) {
    this.#config = config
    links.forEach(({ ends: [u, v], params, deposit = 10n ** 12n }, at) => {
      const id = BigInt(at + 1)
      const facts = { id, u, v, params: { ...PARAMS, ...params }, status: 'active', activeFrom: 0n } as const
      this.edges.set(id, { ...facts, depositU: deposit, depositV: deposit })
    })
    for (const account of new Set(links.flatMap(({ ends }) => ends))) this.#join(account)
    for (const edge of this.edges.values()) this.connect(edge.id)
    this.run(this.now + 1_000)
    this.start = this.now
    this.seen.length = 0
  }

  get graph(): GraphView {
    return {
      edge: (id) => this.edges.get(id) ?? null,
      node: (account) => {
        const key = this.members.get(account)?.signer.publicKey
        return key === undefined ? null : { account, key, endpoint: '', stake: 1n, isolatedSince: null }
      },
      connects: (id) => this.edges.get(id)?.status === 'active',
    }
  }

  #join(account: string): void {
    const signer = cheapSigner(account)
    const member: Member = { signer, machine: null as never, kept: [], isDown: false, wakeAt: null }
    this.members.set(account, member)
    this.boot(account)
  }

  /** Starts a node's machine anew, from what it kept. */
  boot(account: string): void {
    const member = this.members.get(account)!
    const config = { ...CONFIG, account, ...this.#config(account) }
    member.machine = createMachine(config, { signer: member.signer, verify: cheapVerify }, this.graph, member.kept)
    member.isDown = false
    member.wakeAt = null
    this.#plan(account)
  }

  /** Has something happen; of one instant, what has the lower rank first. */
  at(at: number, run: () => void, rank: 0 | 1 = 0): void {
    this.#agenda.set(timer(run), 2 * at + rank)
  }

  run(until = Number.POSITIVE_INFINITY): void {
    for (let next = this.#agenda.next; next !== null && next <= 2 * until + 1; next = this.#agenda.next) {
      this.now = Math.max(this.now, Math.floor(next / 2))
      this.#agenda.run(next)
    }
    if (until !== Number.POSITIVE_INFINITY) this.now = Math.max(this.now, until)
  }

  tell(account: string, input: Input): void {
    const member = this.members.get(account)!
    if (member.isDown) return
    const effects = member.machine.handle(input, this.now)
    for (const effect of effects) {
      if (this.fuse?.node === account && this.fuse.effects-- === 0) {
        this.#kill(account)
        return
      }
      this.#carryOut(account, member, effect)
    }
    this.#plan(account)
  }

  #kill(account: string): void {
    const { gap } = this.fuse!
    this.down(account)
    this.at(this.now + gap, () => this.up(account))
  }

  #plan(account: string): void {
    const member = this.members.get(account)!
    const next = member.machine.nextWake
    if (next === null || next === member.wakeAt) return
    member.wakeAt = next
    this.at(
      Math.max(next, this.now),
      () => {
        if (member.wakeAt !== next) return
        member.wakeAt = null
        this.tell(account, { kind: 'wake' })
      },
      1,
    )
  }

  #carryOut(account: string, member: Member, effect: Effect): void {
    this.seen.push({ at: this.now, node: account, effect })
    switch (effect.kind) {
      case 'keep':
        member.kept.push(effect.record)
        return
      case 'send': {
        const edge = this.edges.get(effect.edgeId)!
        const to = edge.u === account ? edge.v : edge.u
        const passed = this.wire(effect.message, account, to, edge.params.latency, this.now)
        if (passed === null) return
        const session = this.#sessions.get(edge.id)
        this.at(this.now + passed[1], () => {
          if (this.#sessions.get(edge.id) === session)
            this.tell(to, { kind: 'message', edgeId: edge.id, message: passed[0] })
        })
        return
      }
      case 'serve': {
        const said = this.service(effect.request, effect.payload)
        if (said === null) return
        const answer = {
          kind: 'answer',
          requestHash: requestHash(effect.request.body),
          status: 0,
          payload: said[0],
        } as const
        this.at(this.now + said[1], () => this.tell(account, answer))
        return
      }
      case 'submit':
        this.at(this.now + this.finality, () => this.severed(effect.cert.body.edgeId))
    }
  }

  severed(id: bigint): void {
    const edge = this.edges.get(id)!
    if (edge.status === 'severed') return
    this.edges.set(id, { ...edge, status: 'severed' })
    for (const account of this.members.keys()) this.tell(account, { kind: 'edge', edgeId: id })
  }

  connect(id: bigint): void {
    const { u, v } = this.edges.get(id)!
    if (this.members.get(u)!.isDown || this.members.get(v)!.isDown) return
    this.tell(u, { kind: 'connected', edgeId: id })
    this.tell(v, { kind: 'connected', edgeId: id })
  }

  disconnect(id: bigint): void {
    this.#sessions.set(id, (this.#sessions.get(id) ?? 0) + 1)
    const { u, v } = this.edges.get(id)!
    this.tell(u, { kind: 'disconnected', edgeId: id })
    this.tell(v, { kind: 'disconnected', edgeId: id })
  }

  /** A new session, where the old one ended or not. */
  reconnect(id: bigint): void {
    this.disconnect(id)
    this.connect(id)
  }

  /** The node is gone: it hears and says nothing, and its sessions end. */
  down(account: string): void {
    this.members.get(account)!.isDown = true
    for (const { id, u, v } of this.edges.values()) if (u === account || v === account) this.disconnect(id)
  }

  up(account: string): void {
    this.boot(account)
    for (const { id, u, v } of this.edges.values()) if (u === account || v === account) this.reconnect(id)
  }

  /** Asks; the request's hash. */
  ask(from: string, to: string, path: readonly bigint[], options: Partial<AskOptions> = {}): Uint8Array {
    const ask = this.prepare(from, to, path, options)
    this.tell(from, { kind: 'ask', ask })
    return requestHash(ask.request.body)
  }

  prepare(from: string, to: string, path: readonly bigint[], options: Partial<AskOptions> = {}): Ask {
    const { payload, maxResponse, lateRate, service, hold, app, id, fee } = { ...ASK, ...options }
    const fields = {
      requestId: id ?? sha256(utf8(`request ${this.#order++}`)),
      requester: from,
      recipient: to,
      recipientKey: this.members.get(to)!.signer.publicKey,
      payloadHash: sha256(payload),
      payloadLength: payload.length,
      ...{ maxResponse, lateRate, service, app },
    }
    const bytes = BigInt(payload.length + maxResponse)
    const price = path.reduce((sum, id) => {
      const { baseCost, byteCost } = this.edges.get(id)!.params
      return sum + baseCost + byteCost * bytes
    }, 0n)
    const request = sign(porRequest, CHAIN, fields, this.members.get(from)!.signer)
    return { request, path, payload, hold, fee: fee ?? price }
  }

  outcomes(account: string): { readonly at: number; readonly outcome: Outcome }[] {
    return this.seen.flatMap(({ at, node, effect }) =>
      node === account && effect.kind === 'outcome' ? [{ at: at - this.start, outcome: effect.outcome }] : [],
    )
  }

  /** Effects of a kind, with when and by whom. */
  all<K extends Effect['kind']>(kind: K): { at: number; node: string; effect: Extract<Effect, { kind: K }> }[] {
    return this.seen.flatMap(({ at, node, effect }) =>
      effect.kind === kind ? [{ at: at - this.start, node, effect: effect as Extract<Effect, { kind: K }> }] : [],
    )
  }
}

interface AskOptions {
  readonly payload: Uint8Array
  readonly maxResponse: number
  readonly lateRate: bigint
  readonly service: number
  readonly hold: number
  readonly app: string
  readonly id: Uint8Array | null
  readonly fee: bigint | null
}

const ASK: AskOptions = {
  payload: utf8('hello'),
  maxResponse: 100,
  lateRate: 100n,
  service: 0,
  hold: 30_000,
  app: 'echo',
  id: null,
  fee: null,
}

/** Changes what one node says. */
export const saying =
  (who: string, change: (message: Message, now: number) => Message | null): Wire =>
  (message, from, _to, latency, now) => {
    const said = from === who ? change(message, now) : message
    return said === null ? null : [said, latency]
  }
