// Nodes, the links between them and the contract, on one virtual clock. Everything that happens follows from the seed.
import { requestHash } from '@dcml/protocol/por'
import { createMachine } from '../core/machine.ts'
import type { Ask, Effect, Input, Kept, Machine } from '../core/types.ts'
import { Graph } from '../routes/graph.ts'
import type { Message } from '../wire/messages.ts'
import { misbehave } from './behaviours.ts'
import { Clock } from './clock.ts'
import { sever } from './closing.ts'
import { Keyring } from './keys.ts'
import { Ledger } from './ledger.ts'
import { Link } from './link.ts'
import type { EdgeSetup, NetworkOptions, NodeSetup, Result, Sight, SimEdge, SimNode } from './parts.ts'
import { Random } from './random.ts'

/** Six of its bytes: quick, and long enough that a simulation never sees two of them. */
const nameOf = (hash: Uint8Array): number =>
  hash[0]! + hash[1]! * 2 ** 8 + hash[2]! * 2 ** 16 + hash[3]! * 2 ** 24 + hash[4]! * 2 ** 32 + hash[5]! * 2 ** 40

/** The clock starts here, so that no node's time is negative; a scenario's times count from it. */
export const START = 60_000
const RECONNECT = 1_000
const CHAIN = { networkId: 'sim', contract: 'por.sim' }

export class Network {
  readonly clock = new Clock()
  readonly keyring: Keyring
  readonly ledger: Ledger
  readonly nodes = new Map<string, SimNode>()
  readonly edges = new Map<bigint, SimEdge>()
  readonly random: Random
  /** Messages that arrived. */
  messages = 0
  readonly #options: NetworkOptions
  #graph: Graph | null = null
  readonly #watchers: ((sight: Sight) => void)[] = []
  readonly #results = new Map<number, (effect: Result) => void>()
  /** Nodes that may have requests under way. */
  readonly #busy = new Set<SimNode>()

  constructor(options: NetworkOptions) {
    this.#options = options
    this.random = new Random(options.seed)
    this.keyring = new Keyring(this.random.fork())
    this.ledger = new Ledger(CHAIN, options.rules, () => this.clock.now, this.keyring.verify)
    this.ledger.watch((change) => change.kind === 'edge' && this.#edgeChanged(change.edge.id))
  }

  /** Calls with what a requester hears of a request: pay for waiting, then the outcome. */
  onResult(hash: Uint8Array, hear: (effect: Result) => void): void {
    this.#results.set(nameOf(hash), hear)
  }

  /** The graph as applications know it: what the contract did is known at once. */
  get graph(): Graph {
    if (this.#graph === null) {
      const graph = Graph.from(this.ledger.facts(), () => this.ledger.timestamp)
      this.ledger.watch((change) => graph.apply(change))
      this.#graph = graph
    }
    return this.#graph
  }

  watch(watcher: (sight: Sight) => void): void {
    this.#watchers.push(watcher)
  }

  addNode(setup: NodeSetup): SimNode {
    const { account, behaviours = [], drift = { offset: 0, rate: 1 }, service = 0 } = setup
    const signer = this.keyring.signer()
    this.ledger.mint(account, setup.stake + setup.funds)
    this.ledger.registerNode(account, signer.publicKey, setup.stake)
    const config = { ...setup.config, chain: CHAIN, account }
    const machine = this.#machine({ account, signer, config, behaviours })
    const node: SimNode = {
      ...{ account, signer, config, behaviours, drift, service, machine },
      ...{ state: 'up', kept: [], queue: [], wakeAt: Infinity },
    }
    this.nodes.set(account, node)
    return node
  }

  /** Opens an edge and confirms it at once. */
  addEdge({ u, v, params, deposits, link }: EdgeSetup): bigint {
    const id = this.ledger.openEdge(u, v, params, deposits[0])
    this.edges.set(id, { id, u: this.node(u), v: this.node(v), link: new Link(link, this.random.fork()) })
    this.ledger.confirmEdge(id, deposits[1])
    return id
  }

  /** Opens the session of an edge, unless an end of it is down. */
  connect(id: bigint): void {
    const { link, u, v } = this.#edge(id)
    const ends = [u, v]
    if (link.up || ends.some((node) => node.state === 'down')) return
    link.open()
    for (const node of ends) this.tell(node, { kind: 'connected', edgeId: id })
  }

  disconnect(id: bigint): void {
    const { link, u, v } = this.#edge(id)
    if (!link.up) return
    link.close()
    for (const node of [u, v]) this.tell(node, { kind: 'disconnected', edgeId: id })
  }

  ask(account: string, ask: Ask): void {
    this.tell(this.node(account), { kind: 'ask', ask })
  }

  /** Says something to a neighbour as if a node’s machine had said it. */
  say(account: string, edgeId: bigint, message: Message): void {
    this.#send(this.node(account), edgeId, message, { kind: 'send', edgeId, message })
  }

  /** A node stands still and hears nothing of it, as a suspended machine does. */
  pause(account: string, until: number): void {
    const node = this.node(account)
    node.state = 'paused'
    this.clock.at(until, () => {
      node.state = 'up'
      for (const input of node.queue.splice(0)) this.tell(node, input)
      this.tell(node, { kind: 'wake' })
    })
  }

  /** A node dies, and starts again from what it wrote down. */
  crash(account: string, back: number): void {
    const node = this.node(account)
    const edges = [...this.ledger.requireNode(account).edges]
    node.state = 'down'
    for (const id of edges) this.disconnect(id)
    this.clock.at(back, () => {
      node.state = 'up'
      node.wakeAt = Infinity
      node.machine = this.#machine(node, node.kept)
      this.tell(node, { kind: 'wake' })
      for (const id of edges) this.connect(id)
    })
  }

  node(account: string): SimNode {
    const node = this.nodes.get(account)
    if (node === undefined) throw new RangeError(`no node ${account}`)
    return node
  }

  other(edgeId: bigint, account: string): string {
    const { u, v } = this.#edge(edgeId)
    return u.account === account ? v.account : u.account
  }

  /** A node's own time. */
  timeOf({ drift }: SimNode): number {
    return Math.floor(drift.offset + this.clock.now * drift.rate)
  }

  #edge(id: bigint): SimEdge {
    const edge = this.edges.get(id)
    if (edge === undefined) throw new RangeError(`no edge ${id}`)
    return edge
  }

  /** Gives a node's machine an input and carries out what it answers. */
  tell(node: SimNode, input: Input): void {
    if (node.state === 'down') return
    if (node.state === 'paused') {
      if (input.kind !== 'wake') node.queue.push(input)
      return
    }
    for (const effect of node.machine.handle(input, this.timeOf(node))) this.#carryOut(node, effect)
    if (input.kind !== 'wake') this.#busy.add(node)
    this.#schedule(node, input.kind === 'wake')
  }

  #machine(node: Pick<SimNode, 'account' | 'signer' | 'config' | 'behaviours'>, kept?: readonly Kept[]): Machine {
    const keys = { signer: node.signer, verify: this.keyring.verify }
    const neighbour = (id: bigint) => this.other(id, node.account)
    const honest = createMachine(node.config, keys, this.ledger, kept)
    const surroundings = { random: this.random.fork(), start: START, neighbour }
    return node.behaviours.reduce((machine, behaviour) => misbehave(machine, behaviour, surroundings), honest)
  }

  #carryOut(node: SimNode, effect: Effect): void {
    if (effect.kind === 'send') {
      this.#send(node, effect.edgeId, effect.message, effect)
      return
    }
    for (const watcher of this.#watchers) watcher({ at: this.clock.now, node: node.account, effect })
    switch (effect.kind) {
      case 'keep':
        if (this.#options.durable) node.kept.push(effect.record)
        return
      case 'serve': {
        if (node.service === null) return
        const { request, payload } = effect
        const answer: Input = { kind: 'answer', requestHash: requestHash(request.body), status: 0, payload }
        this.clock.at(this.clock.now + node.service, () => this.tell(node, answer))
        return
      }
      case 'submit':
        this.clock.at(this.clock.now + this.#options.chainDelay, () => sever(this.ledger, effect.cert, node.account))
        return
      case 'late':
        this.#results.get(nameOf(effect.requestHash))?.(effect)
        return
      case 'outcome': {
        const name = nameOf(effect.requestHash)
        this.#results.get(name)?.(effect)
        this.#results.delete(name)
        return
      }
      case 'drop':
        this.disconnect(effect.edgeId)
        this.clock.at(this.clock.now + RECONNECT, () => this.connect(effect.edgeId))
    }
  }

  #send(node: SimNode, edgeId: bigint, message: Message, effect: Effect): void {
    const { link, u, v } = this.#edge(edgeId)
    const arrives = link.up ? link.arrival(u === node ? 0 : 1, this.clock.now) : null
    for (const watcher of this.#watchers) watcher({ at: this.clock.now, node: node.account, effect, arrives })
    if (arrives === null) return
    const { session } = link
    const receiver = u === node ? v : u
    this.clock.at(arrives, () => {
      if (!link.up || link.session !== session) return
      this.messages++
      this.tell(receiver, { kind: 'message', edgeId, message })
    })
  }

  /** Those hear of a change whom it may concern: its ends, and who has requests under way. Nobody knows an edge yet that never had a session. */
  #edgeChanged(id: bigint): void {
    const edge = this.edges.get(id)
    if (edge === undefined || edge.link.session === 0) return
    for (const node of this.#busy) if (node.machine.inflight === 0) this.#busy.delete(node)
    for (const node of new Set([edge.u, edge.v, ...this.#busy]))
      this.clock.at(this.clock.now, () => this.tell(node, { kind: 'edge', edgeId: id }))
  }

  #schedule(node: SimNode, wasWake: boolean): void {
    const { nextWake } = node.machine
    if (nextWake === null) return
    const due = Math.ceil((nextWake - node.drift.offset) / node.drift.rate)
    const at = Math.max(due, this.clock.now + (wasWake ? 1 : 0))
    if (at >= node.wakeAt) return
    node.wakeAt = at
    this.clock.alarm(at, () => {
      if (node.wakeAt !== at) return
      node.wakeAt = Infinity
      this.tell(node, { kind: 'wake' })
    })
  }
}
