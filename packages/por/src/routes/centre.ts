import { type Graph, otherEnd } from './graph.ts'
import { largestPart } from './partition.ts'

/**
 * The node that is nearest to all stake: least Σ hops · stake over the part of the network with most stake (§4.1).
 * Applications measure a provider’s latency and bandwidth from there and not from who complains, as nobody pulls it
 * onto a chain of its own nodes with less than half of the stake. Of equals the first by name; null without nodes.
 * Takes a breadth-first search from every node.
 */
export function stakeWeightedCentre(graph: Graph): string | null {
  const { nodes } = largestPart(graph)
  const accounts = [...nodes.keys()].sort()
  const stakes = accounts.map((account) => nodes.get(account)!.stake)
  const neighbours = numbered(graph, accounts)
  let best: { account: string; weight: bigint } | null = null
  for (const [start, account] of accounts.entries()) {
    const weight = weightAround(start, neighbours, stakes)
    if (best === null || weight < best.weight) best = { account, weight }
  }
  return best?.account ?? null
}

function numbered(graph: Graph, accounts: readonly string[]): number[][] {
  const numberOf = new Map(accounts.map((account, number) => [account, number]))
  return accounts.map((account) =>
    [...graph.edgesOf(account)]
      .filter(({ id }) => graph.isActive(id))
      .map((edge) => numberOf.get(otherEnd(edge, account))!),
  )
}

function weightAround(start: number, neighbours: readonly number[][], stakes: readonly bigint[]): bigint {
  const hops = new Int32Array(stakes.length).fill(-1)
  hops[start] = 0
  const queue = [start]
  let weight = 0n
  for (const at of queue) {
    weight += BigInt(hops[at]!) * stakes[at]!
    for (const next of neighbours[at]!)
      if (hops[next] === -1) {
        hops[next] = hops[at]! + 1
        queue.push(next)
      }
  }
  return weight
}
