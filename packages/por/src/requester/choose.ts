import { DcmlError } from '@dcml/protocol'
import { buildPartitionProof } from '../routes/partition.ts'
import { findRoute, type Route } from '../routes/route.ts'
import type { RouteNeeds } from '../routes/usable.ts'
import type { Asker } from './asker.ts'
import type { Wanted } from './options.ts'

/** A route, and what being late on it costs per ms. */
export interface Chosen {
  readonly route: Route
  readonly lateRate: bigint
}

/** The cheapest route to a target that the options allow, or null. */
export function choose(asker: Asker, target: string, wanted: Wanted, avoid: ReadonlySet<bigint>): Chosen | null {
  const needs = needsOf(asker, wanted, avoid)
  const route = findRoute(asker.graph, asker.account, target, needs)
  if (route === null) return null
  if (wanted.lateRate !== undefined) return { route, lateRate: wanted.lateRate }
  const rate = perSecond(route.cost)
  const within = inRange(asker, route, rate, wanted.hold)
  if (within !== null) return { route, lateRate: within }
  // the edges of the cheapest path agree on no rate that they can pay: take a path whose edges take this one
  const agreed = findRoute(asker.graph, asker.account, target, { ...needs, lateRate: rate })
  return agreed && { route: agreed, lateRate: rate }
}

const needsOf = (asker: Asker, wanted: Wanted, avoid: ReadonlySet<bigint>): RouteNeeds => ({
  payloadLength: wanted.payload.length,
  maxResponse: wanted.maxResponse,
  budget: wanted.budget,
  service: wanted.service,
  hold: wanted.hold,
  maxCost: wanted.maxCost,
  avoid: new Set([...wanted.avoid, ...avoid]),
  ...(wanted.lateRate === undefined ? {} : { lateRate: wanted.lateRate }),
  ...(asker.scores && { score: asker.scores.of }),
})

/** ρ that pays a path’s price once per second. */
const perSecond = (cost: bigint): bigint => cost / 1000n

/** The rate nearest to one that every edge of a route takes, and can pay for so long; null where they agree on none. */
function inRange({ graph }: Asker, { path }: Route, rate: bigint, hold: number): bigint | null {
  const edges = path.map((id) => graph.edge(id)!)
  let nearest = rate
  for (const { params } of edges) if (nearest < params.minLateRate) nearest = params.minLateRate
  for (const { params } of edges) if (nearest > params.maxLateRate) nearest = params.maxLateRate
  const held = nearest * BigInt(hold)
  const isTaken = edges.every(
    ({ params, depositU, depositV }) => params.minLateRate <= nearest && held <= depositU + depositV,
  )
  return isTaken ? nearest : null
}

/** Why there is no route, found by asking for less and less. */
export function noRoute(asker: Asker, target: string, wanted: Wanted, avoid: ReadonlySet<bigint>): DcmlError {
  const fail = (message: string, hint: string): DcmlError =>
    new DcmlError('por_no_route', message, { hint, details: { target } })
  if (asker.graph.node(target)?.isolatedSince !== null)
    return fail(`${target} is proven to be cut off.`, 'It must come back with an edge and report it.')
  const free = { ...wanted, maxCost: 2n ** 200n }
  const dearer = choose(asker, target, free, avoid)
  if (dearer)
    return fail(
      `The cheapest way to ${target} costs ${dearer.route.cost} yoctoNEAR; ${wanted.maxCost} may be spent.`,
      'Raise maxCost.',
    )
  const slower = choose(asker, target, { ...free, budget: Number.MAX_SAFE_INTEGER }, avoid)
  if (slower)
    return fail(
      `The cheapest way to ${target} takes ${2 * slower.route.latency + wanted.service} ms.`,
      'Raise the budget to at least that.',
    )
  const { lateRate: _, ...anyRate } = { ...free, budget: Number.MAX_SAFE_INTEGER }
  const route = findRoute(asker.graph, asker.account, target, needsOf(asker, anyRate, avoid))
  if (route)
    return fail(
      `No way to ${target} takes this rate for being late, or has the deposits to pay it for so long.`,
      'Name another lateRate, or a shorter hold.',
    )
  if (asker.graph.node(asker.account) !== null && buildPartitionProof(asker.graph, asker.account))
    return fail('This node itself is cut off from most of the stake.', 'Open an edge to a connected node.')
  return fail(
    `No way of up to eight edges that connect leads to ${target}.`,
    'Open an edge to another node, or wait until one is past its activation.',
  )
}
