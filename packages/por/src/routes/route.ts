import { MAX_HOPS } from '../wire/messages.ts'
import type { Graph } from './graph.ts'
import { Heap } from './heap.ts'
import { type Hop, type RouteNeeds, usable } from './usable.ts'

/** Edges from the requester to the recipient, and what they promise and cost. */
export interface Route {
  readonly path: readonly bigint[]
  /** ΣL: promised one-way latency in ms. */
  readonly latency: number
  /** C_m: yoctoNEAR for the whole path. */
  readonly cost: bigint
  /** What each edge of the path costs. */
  readonly fees: readonly bigint[]
}

/** A way to a node, as good as any other in cost, time or number of edges. */
interface Label {
  readonly node: number
  readonly cost: bigint
  /** `cost`, and the least that the rest can cost. */
  readonly bound: bigint
  readonly time: number
  readonly length: number
  readonly hop: Hop | null
  readonly back: Label | null
}

/**
 * The cheapest path whose round trip stays within the budget, over at most eight edges (§2 leaves the choice open).
 * Among equally cheap ones the fastest, then the shortest, then the one with lower edge ids: everybody who knows the
 * same graph finds the same path. Null where there is none, and from a node to itself.
 */
export function findRoute(graph: Graph, from: string, to: string, needs: RouteNeeds): Route | null {
  const { numberOf, hops } = usable(graph, needs)
  const start = numberOf.get(from)
  const end = numberOf.get(to)
  if (start === undefined || end === undefined || start === end) return null

  const time = needs.budget - needs.service
  const fastest = fastestWithin(hops, end)
  const cheapest = cheapestTo(hops, end)
  const settled: Label[][] = hops.map(() => [])
  const open = new Heap<Label>(before)

  const reach = (node: number, cost: bigint, label: Pick<Label, 'time' | 'length' | 'hop' | 'back'>): void => {
    const rest = cheapest[node]
    if (rest === null || rest === undefined || cost + rest > needs.maxCost || label.length > MAX_HOPS) return
    if (label.time + fastest[MAX_HOPS - label.length]![node]! > time || isDominated(settled[node]!, label)) return
    open.push({ node, cost, bound: cost + rest, ...label })
  }

  reach(start, 0n, { time: 0, length: 0, hop: null, back: null })
  for (let label = open.pop(); label; label = open.pop()) {
    if (label.node === end) return routeOf(label)
    if (isDominated(settled[label.node]!, label)) continue
    settled[label.node]!.push(label)
    for (const hop of hops[label.node]!)
      reach(hop.to, label.cost + hop.cost, {
        time: label.time + hop.time,
        length: label.length + 1,
        hop,
        back: label,
      })
  }
  return null
}

/** Labels of a node settle in order of cost, so that a later one must be faster or shorter to matter. */
const isDominated = (settled: readonly Label[], { time, length }: Pick<Label, 'time' | 'length'>): boolean =>
  settled.some((label) => label.time <= time && label.length <= length)

function before(a: Label, b: Label): boolean {
  if (a.bound !== b.bound) return a.bound < b.bound
  if (a.time !== b.time) return a.time < b.time
  return a.length === b.length ? comparePaths(a, b) < 0 : a.length < b.length
}

/** Of two paths of one length. */
function comparePaths(a: Label, b: Label): number {
  if (a === b || a.hop === null || b.hop === null) return 0
  return comparePaths(a.back!, b.back!) || (a.hop.edge.id < b.hop.edge.id ? -1 : a.hop.edge.id > b.hop.edge.id ? 1 : 0)
}

/** Least time to the end from every node within 0, 1, … edges: a bound that knows both limits of a path at once. */
function fastestWithin(hops: readonly (readonly Hop[])[], end: number): readonly Float64Array[] {
  const first = new Float64Array(hops.length).fill(Number.POSITIVE_INFINITY)
  first[end] = 0
  const rounds = [first]
  for (let round = 1; round <= MAX_HOPS; round++) {
    const last = rounds[round - 1]!
    const next = last.slice()
    for (let node = 0; node < hops.length; node++) {
      const there = last[node]!
      if (there === Number.POSITIVE_INFINITY) continue
      for (const { to, time } of hops[node]!) if (there + time < next[to]!) next[to] = there + time
    }
    rounds.push(next)
  }
  return rounds
}

/** Least cost to the end from every node, whatever the time; null where no path leads there. */
function cheapestTo(hops: readonly (readonly Hop[])[], end: number): readonly (bigint | null)[] {
  const least: (bigint | null)[] = hops.map(() => null)
  const open = new Heap<{ node: number; cost: bigint }>((a, b) => a.cost < b.cost)
  least[end] = 0n
  open.push({ node: end, cost: 0n })
  for (let top = open.pop(); top; top = open.pop()) {
    if (top.cost !== least[top.node]) continue
    for (const { to, cost } of hops[top.node]!) {
      const known = least[to]
      const sum = top.cost + cost
      if (known !== null && known !== undefined && known <= sum) continue
      least[to] = sum
      open.push({ node: to, cost: sum })
    }
  }
  return least
}

function routeOf(last: Label): Route {
  const hops: Hop[] = []
  for (let label: Label | null = last; label?.hop; label = label.back) hops.unshift(label.hop)
  return {
    path: hops.map(({ edge }) => edge.id),
    latency: hops.reduce((sum, { edge }) => sum + edge.params.latency, 0),
    cost: last.cost,
    fees: hops.map(({ cost }) => cost),
  }
}
