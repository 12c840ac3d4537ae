// Random lines of nodes: how fast their edges are, how patient the nodes, and who does not do its part.
import * as fc from 'fast-check'
import type { Patience } from '../types.ts'
import { Net } from './net.ts'

export const POLICIES = {
  wait: () => 'wait',
  sever: () => 'sever',
  awhile: ({ lateness }) => (lateness > 2_500 ? 'sever' : 'wait'),
} satisfies Record<string, Patience>

export interface World {
  readonly latencies: readonly number[]
  readonly guard: number
  readonly sync: readonly number[]
  readonly policies: readonly (keyof typeof POLICIES)[]
  /** Share of the promised latency that messages take, in hundredths. */
  readonly speed: number
  /** The node after this many edges goes silent this many ms after the start; null for none. */
  readonly silent: { readonly node: number; readonly after: number } | null
  /** When the service answers, and what it was allowed. */
  readonly answersIn: number
  readonly service: number
  readonly hold: number
  readonly lateRate: bigint
}

export const world: fc.Arbitrary<World> = fc.integer({ min: 1, max: 5 }).chain((length) =>
  fc.record({
    latencies: fc.array(fc.integer({ min: 1, max: 240 }), { minLength: length, maxLength: length }),
    guard: fc.integer({ min: 500, max: 700 }),
    sync: fc.array(fc.integer({ min: 500, max: 1_500 }), { minLength: length, maxLength: length }),
    policies: fc.array(fc.constantFrom<keyof typeof POLICIES>('wait', 'sever', 'awhile'), {
      minLength: length + 1,
      maxLength: length + 1,
    }),
    speed: fc.integer({ min: 0, max: 100 }),
    silent: fc.option(fc.record({ node: fc.integer({ min: 1, max: length }), after: fc.nat(4_000) })),
    answersIn: fc.nat(3_000),
    service: fc.nat(2_000),
    hold: fc.integer({ min: 8_000, max: 12_000 }),
    lateRate: fc.bigInt({ min: 0n, max: 10_000n }),
  }),
)

export const nameOf = (at: number): string => `n${at}`

/** Asks the last node of the line from the first. */
export function enact(world: World): { readonly net: Net; readonly soft: number; readonly last: string } {
  const { latencies, guard, sync, policies, speed, silent, answersIn, service, hold, lateRate } = world
  const links = latencies.map((latency, at) => ({
    ends: [nameOf(at), nameOf(at + 1)] as const,
    params: { latency, sync: sync[at]! },
  }))
  const net = new Net(links, (account) => ({ guard, patience: POLICIES[policies[Number(account.slice(1))]!] }))
  net.service = (_, payload) => [payload, answersIn]
  net.wire = (message, _from, _to, latency) => [message, Math.floor((latency * speed) / 100)]
  // Its sessions stay open: it just does nothing any more.
  if (silent !== null)
    net.at(net.start + silent.after, () => {
      net.members.get(nameOf(silent.node))!.isDown = true
    })
  const last = nameOf(latencies.length)
  net.ask(
    nameOf(0),
    last,
    latencies.map((_, at) => BigInt(at + 1)),
    { service, hold, lateRate },
  )
  const soft = latencies.reduce((sum, latency) => sum + 2 * latency, service)
  return { net, soft, last }
}
