import { DcmlError } from '@dcml/protocol'
import type { NodeFacts, PartitionProof } from '@dcml/protocol/por'
import { type Graph, otherEnd } from './graph.ts'
import { Heap } from './heap.ts'

/**
 * The proof that a node is cut off: everybody it still reaches, and enough of the largest part of the network to
 * outweigh them (§2). Null while no part has strictly more stake; a tie cuts nobody off. `cut` begins with the node, and
 * each further one has an edge to one before it, as the contract wants long proofs.
 * @throws DcmlError `por_unknown_node`
 */
export function buildPartitionProof(graph: Graph, target: string): PartitionProof | null {
  const node = graph.node(target)
  if (node === null) throw unknownNode(target)
  const cut = partOf(graph, node)
  const largest = largestPart(graph)
  if (largest.stake <= cut.stake) return null
  return { cut: [...cut.nodes.keys()], ...outweigh(graph, largest, cut.stake) }
}

export const unknownNode = (account: string): DcmlError =>
  new DcmlError('por_unknown_node', `${account} is no node of this network.`, {
    hint: 'Check the account, and that it is registered with the contract that this node follows.',
    details: { account },
  })

/** Nodes that active edges join, and what they have at stake. */
interface Part {
  readonly nodes: ReadonlyMap<string, NodeFacts>
  readonly stake: bigint
}

function partOf(graph: Graph, first: NodeFacts): Part {
  const nodes = new Map([[first.account, first]])
  let stake = 0n
  for (const { account, stake: own } of nodes.values()) {
    stake += own
    for (const edge of graph.edgesOf(account)) {
      const other = graph.isActive(edge.id) ? graph.node(otherEnd(edge, account)) : null
      if (other) nodes.set(other.account, other)
    }
  }
  return { nodes, stake }
}

/** The part with most stake; among equals any, as none of them can be outweighed by the others. */
export function largestPart(graph: Graph): Part {
  let largest: Part = { nodes: new Map(), stake: -1n }
  const seen = new Set<string>()
  for (const node of graph.nodes()) {
    if (seen.has(node.account)) continue
    const part = partOf(graph, node)
    for (const account of part.nodes.keys()) seen.add(account)
    if (part.stake > largest.stake) largest = part
  }
  return largest
}

/** Grows a tree from the node with most stake, always by the neighbour with most: few nodes, and cheap to check. */
function outweigh(graph: Graph, { nodes }: Part, stake: bigint): Omit<PartitionProof, 'cut'> {
  const witness: string[] = []
  const tree: bigint[] = []
  let weight = 0n
  const joined = new Set<string>()
  const open = new Heap<{ node: NodeFacts; by: bigint | null }>(
    (a, b) => isHeavier(a.node, b.node) || (a.node === b.node && a.by !== null && b.by !== null && a.by < b.by),
  )
  open.push({ node: [...nodes.values()].reduce((best, node) => (isHeavier(node, best) ? node : best)), by: null })
  for (let top = open.pop(); top && weight <= stake; top = open.pop()) {
    const { account } = top.node
    if (joined.has(account)) continue
    joined.add(account)
    witness.push(account)
    if (top.by !== null) tree.push(top.by)
    weight += top.node.stake
    for (const edge of graph.edgesOf(account)) {
      const other = nodes.get(otherEnd(edge, account))
      if (other && !joined.has(other.account) && graph.isActive(edge.id)) open.push({ node: other, by: edge.id })
    }
  }
  return { witness, tree }
}

const isHeavier = (a: NodeFacts, b: NodeFacts): boolean =>
  a.stake === b.stake ? a.account < b.account : a.stake > b.stake
