// One session per edge with the node at its other end, and nobody else: whoever connects must hold the key that the
// contract has for that account.
import type { AddressInfo } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import { type Chain, equalBytes } from '@dcml/protocol'
import type { EdgeFacts } from '@dcml/protocol/por'
import type { Logger } from 'pino'
import { type Graph, otherEnd } from '../routes/graph.ts'
import type { Message } from '../wire/messages.ts'
import { Dials } from './dials.ts'
import { edgeOf, helloFault } from './hello.ts'
import type { NodeKeys } from './keys.ts'
import type { SessionLimits } from './limits.ts'
import { Session } from './session.ts'
import { listen, peerKey } from './tls.ts'

export interface NeighbourEvents {
  connected(edgeId: bigint): void
  disconnected(edgeId: bigint): void
  message(edgeId: bigint, message: Message): void
  /** Of messages that are about to be told, together: they wait for it. */
  ahead(messages: readonly Message[]): Promise<unknown> | null
  /** Of a session, or of a connection that became none. */
  closed(code: string): void
}

export interface NeighboursOptions {
  readonly account: string
  readonly chain: Chain
  readonly graph: Graph
  readonly keys: NodeKeys
  readonly limits: SessionLimits
  readonly log: Logger
  readonly on: NeighbourEvents
}

export class Neighbours {
  readonly #o: NeighboursOptions
  readonly #sessions = new Map<bigint, Session>()
  /** Connections of neighbours that have not said hello yet, by account: one each. */
  readonly #arriving = new Map<string, Session>()
  readonly #dials: Dials
  readonly #timer: ReturnType<typeof setInterval>
  #server: Server | null = null
  #closed = false

  constructor(options: NeighboursOptions) {
    const { keys, limits } = options
    this.#o = options
    this.#dials = new Dials(keys, limits.handshake, (edgeId, socket) => this.#dialled(edgeId, socket))
    const period = Math.min(limits.heartbeat, limits.frame, limits.handshake) / 4
    this.#timer = setInterval(() => this.#check(), period)
  }

  async listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }> {
    const { keys, limits } = this.#o
    this.#server = await listen({ keys, host, port, ...limits, accept: (socket) => this.#accept(socket) })
    const { address, port: bound } = this.#server.address() as AddressInfo
    return { host: address, port: bound }
  }

  get size(): number {
    return this.#sessions.size
  }

  isConnected(edgeId: bigint): boolean {
    return this.#sessions.has(edgeId)
  }

  /** To the other end of an edge; lost where there is no session, as it would be on its way. */
  send(edgeId: bigint, message: Message): void {
    this.#sessions.get(edgeId)?.send(message)
  }

  drop(edgeId: bigint, code: string): void {
    this.#sessions.get(edgeId)?.close(code)
  }

  /** Has a session, or tries to, for every edge that the graph has now, and none for others. */
  reconcile(): void {
    const { account, graph } = this.#o
    const wanted = new Map<bigint, EdgeFacts>()
    for (const edge of graph.edgesOf(account)) if (serves(edge)) wanted.set(edge.id, edge)
    for (const edgeId of this.#sessions.keys()) if (!wanted.has(edgeId)) this.drop(edgeId, 'por_edge_gone')
    const endpoints = new Map<bigint, string>()
    for (const edge of wanted.values()) {
      const endpoint = this.#endpointToDial(edge)
      if (endpoint !== null && !this.#sessions.has(edge.id)) endpoints.set(edge.id, endpoint)
    }
    this.#dials.only(endpoints)
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
    this.#dials.close()
    this.#server?.close()
    for (const session of [...this.#sessions.values(), ...this.#arriving.values()]) session.close('por_node_closed')
  }

  #check(): void {
    const now = performance.now()
    for (const session of [...this.#sessions.values(), ...this.#arriving.values()]) session.check(now)
  }

  /** The opener dials, unless only it can be reached. */
  #endpointToDial({ u, v }: EdgeFacts): string | null {
    const { account, graph } = this.#o
    const [dialler, other] = graph.node(v)?.endpoint ? [u, v] : [v, u]
    return dialler === account ? graph.node(other)?.endpoint || null : null
  }

  /** Edges whose other end has this key. */
  #edgesWith(key: Uint8Array | null): readonly EdgeFacts[] {
    const { account, graph } = this.#o
    if (key === null) return []
    const hasKey = (edge: EdgeFacts): boolean => {
      const registered = graph.node(otherEnd(edge, account))?.key
      return registered !== undefined && equalBytes(registered, key)
    }
    return [...graph.edgesOf(account)].filter((edge) => serves(edge) && hasKey(edge))
  }

  #dialled(edgeId: bigint, socket: TLSSocket): void {
    const edges = this.#edgesWith(peerKey(socket)).filter(({ id }) => id === edgeId)
    if (edges.length === 0) {
      this.#turnAway(socket, 'por_session_key')
      this.reconcile()
      return
    }
    const session = this.#session(socket, edges)
    this.#adopt(edgeId, session)
    session.start()
  }

  #accept(socket: TLSSocket): void {
    const edges = this.#edgesWith(peerKey(socket))
    const isFull = this.#sessions.size >= this.#o.limits.sessions
    if (isFull || edges.length === 0) {
      this.#turnAway(socket, isFull ? 'por_session_full' : 'por_session_key')
      return
    }
    const peer = otherEnd(edges[0]!, this.#o.account)
    const session = this.#session(socket, edges)
    this.#arriving.get(peer)?.close('por_session_replaced')
    this.#arriving.set(peer, session)
    session.start()
  }

  #turnAway(socket: TLSSocket, code: string): void {
    socket.destroy()
    this.#o.log.info({ code, from: socket.remoteAddress }, 'turned a connection away')
    this.#o.on.closed(code)
  }

  /** A session that may be about these edges, and is about the one that its hello names. */
  #session(socket: TLSSocket, edges: readonly EdgeFacts[]): Session {
    const { account, chain, on, log, limits } = this.#o
    const peer = otherEnd(edges[0]!, account)
    let edgeId: bigint | null = null
    const session: Session = new Session(socket, limits, {
      ahead: (messages) => (edgeId === null ? null : on.ahead(messages)),
      message: (message) => {
        if (edgeId === null) {
          const fault = helloFault(message, chain, peer, edges)
          if (fault !== null) return session.close(fault)
          edgeId = edgeOf(message)
          if (this.#arriving.get(peer) === session) this.#arriving.delete(peer)
          if (this.#sessions.get(edgeId) !== session) this.#adopt(edgeId, session)
          this.#dials.arrived(edgeId)
        } else if (message.type === 'hello' || edgeOf(message) !== edgeId) return session.close('por_frame_foreign')
        on.message(edgeId, message)
      },
      closed: (code) => {
        if (this.#arriving.get(peer) === session) this.#arriving.delete(peer)
        log.info({ code, peer, edge: edgeId?.toString() }, 'session closed')
        on.closed(code)
        for (const { id } of edges) if (this.#sessions.get(id) === session) this.#lost(id)
      },
    })
    return session
  }

  /** Makes this the session of an edge, in the place of one before. */
  #adopt(edgeId: bigint, session: Session): void {
    this.#sessions.get(edgeId)?.close('por_session_replaced')
    this.#dials.forget(edgeId)
    this.#sessions.set(edgeId, session)
    this.#o.log.info({ edge: edgeId.toString() }, 'session stands')
    this.#o.on.connected(edgeId)
  }

  #lost(edgeId: bigint): void {
    this.#sessions.delete(edgeId)
    this.#o.on.disconnected(edgeId)
    if (!this.#closed) this.reconcile()
  }
}

/** A closing edge still serves what is under way. */
const serves = ({ status }: EdgeFacts): boolean => status === 'active' || status === 'closing'
