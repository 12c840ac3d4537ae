import type { EdgeFacts, GraphChange, GraphFacts, NodeFacts } from '@dcml/protocol/por'
import type { GraphView } from '../core/types.ts'

const NO_EDGES: ReadonlyMap<bigint, EdgeFacts> = new Map()

/** The endpoint of an edge that is not `account`. */
export const otherEnd = (edge: EdgeFacts, account: string): string => (edge.u === account ? edge.v : edge.u)

/** The network as the contract tells it (§2), kept up with its events. Every look-up takes constant time. */
export class Graph implements GraphView {
  readonly #now: () => bigint
  readonly #nodes = new Map<string, NodeFacts>()
  readonly #edges = new Map<bigint, EdgeFacts>()
  readonly #edgesOf = new Map<string, Map<bigint, EdgeFacts>>()
  readonly #listeners = new Set<() => void>()
  #height: bigint
  #revision = 0

  private constructor(now: () => bigint, height: bigint) {
    this.#now = now
    this.#height = height
  }

  /** @param now the chain’s time in ns since 1970, as well as it is known: it says which edges are past activation */
  static from(facts: GraphFacts, now: () => bigint): Graph {
    const graph = new Graph(now, facts.height)
    for (const node of facts.nodes) graph.#apply({ kind: 'node', node })
    for (const edge of facts.edges) graph.#apply({ kind: 'edge', edge })
    return graph
  }

  /** Block that it is up to date with. */
  get height(): bigint {
    return this.#height
  }

  /** Counts changes: what was worked out at one revision holds until the next. */
  get revision(): number {
    return this.#revision
  }

  /** The chain’s time in ns since 1970. */
  get now(): bigint {
    return this.#now()
  }

  edge(id: bigint): EdgeFacts | null {
    return this.#edges.get(id) ?? null
  }

  node(account: string): NodeFacts | null {
    return this.#nodes.get(account) ?? null
  }

  nodes(): IterableIterator<NodeFacts> {
    return this.#nodes.values()
  }

  /** Every edge there ever was. */
  edges(): IterableIterator<EdgeFacts> {
    return this.#edges.values()
  }

  /** Edges of a node that are not settled, in no order that means anything. */
  edgesOf(account: string): IterableIterator<EdgeFacts> {
    return (this.#edgesOf.get(account) ?? NO_EDGES).values()
  }

  /** Whether the contract counts an edge when it looks for a partition: active, and past its activation. */
  isActive(id: bigint): boolean {
    const edge = this.#edges.get(id)
    return edge?.status === 'active' && edge.activeFrom !== null && edge.activeFrom <= this.now
  }

  /** Whether requests may go over an edge: it is active, and neither end is proven to be cut off. */
  connects(id: bigint): boolean {
    if (!this.isActive(id)) return false
    const { u, v } = this.#edges.get(id)!
    return this.#nodes.get(u)?.isolatedSince === null && this.#nodes.get(v)?.isolatedSince === null
  }

  /** Takes one change in, and tells whoever watches. */
  apply(change: GraphChange): void {
    this.#apply(change)
    this.#tell()
  }

  /** Takes in what `PorChain.changes` returned. A batch that ends below this graph’s height is old news and left. */
  follow({ changes, height }: { readonly changes: readonly GraphChange[]; readonly height: bigint }): void {
    if (height < this.#height) return
    for (const change of changes) this.#apply(change)
    this.#height = height
    if (changes.length > 0) this.#tell()
  }

  /** Calls after every change, until the returned function is called. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #apply(change: GraphChange): void {
    this.#revision++
    if (change.kind === 'node') this.#nodes.set(change.node.account, change.node)
    else if (change.kind === 'gone') this.#nodes.delete(change.account)
    else this.#put(change.edge)
  }

  #put(edge: EdgeFacts): void {
    this.#edges.set(edge.id, edge)
    for (const account of [edge.u, edge.v]) {
      const edges = this.#edgesOf.get(account)
      if (edge.status === 'settled') edges?.delete(edge.id)
      else if (edges) edges.set(edge.id, edge)
      else this.#edgesOf.set(account, new Map([[edge.id, edge]]))
    }
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}
