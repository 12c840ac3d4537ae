import type { EdgeParams } from '@dcml/protocol/por'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ComingTerms, edgeFacts, tellParams } from './facts.ts'
import type { Edge } from './por.client.ts'

const params = (baseCost: bigint): EdgeParams => ({
  latency: 1,
  baseCost,
  byteCost: 2n,
  minLateRate: 3n,
  maxLateRate: 4n,
  sync: 5,
  maxInflight: 6,
  bytesPerSecond: 7,
})
const edge = (id: bigint, now: bigint, next: { cost: bigint; from: bigint } | null): Edge => ({
  id,
  u: 'alice.near',
  v: 'bob.near',
  params: tellParams(params(now)),
  revision: 1,
  next: next && { params: tellParams(params(next.cost)), effective_from: next.from },
  status: 'active',
  active_from: null,
  ended_at: null,
  deposit_u: 0n,
  deposit_v: 0n,
  paid_u: 0n,
  paid_v: 0n,
})

test('what the contract tells of an edge is what nodes know of it', () => {
  expect(edgeFacts(edge(3n, 9n, null))).toEqual({
    id: 3n,
    u: 'alice.near',
    v: 'bob.near',
    params: params(9n),
    status: 'active',
    activeFrom: null,
    depositU: 0n,
    depositV: 0n,
    revision: 1,
    endedAt: null,
  })
})

const height = fc.bigInt({ min: 1n, max: 40n })
/** Updates of one edge by the block they are logged in, and the block that they hold from. */
const updates = fc.array(fc.record({ at: height, notice: fc.bigInt({ min: 1n, max: 20n }) }), { maxLength: 6 })

test('whoever looks in whatever steps, some of them twice, knows the terms that hold', () => {
  fc.assert(
    fc.property(updates, fc.uniqueArray(height, { minLength: 1 }), fc.boolean(), (made, looks, twice) => {
      const sorted = made.toSorted((a, b) => Number(a.at - b.at))
      // as the contract does: an update that is not in force yet gives way to the next
      let held = { now: 0n, next: null as { cost: bigint; from: bigint } | null }
      const holding = (at: bigint) => (held.next && held.next.from <= at ? { now: held.next.cost, next: null } : held)
      const events = sorted.map(({ at, notice }, n) => {
        held = { now: holding(at).now, next: { cost: BigInt(n + 1), from: at + notice } }
        return { at, edge: edge(1n, held.now, held.next) }
      })
      const truth = (at: bigint): bigint => {
        const last = events.filter((event) => event.at <= at).at(-1)?.edge
        if (last === undefined) return 0n
        const { next } = last
        return next && next.effective_from <= at ? next.params.base_cost : last.params.base_cost
      }
      const coming = new ComingTerms()
      let known = 0n
      let after = 0n
      for (const look of looks.toSorted((a, b) => Number(a - b)))
        for (let again = 0; again <= Number(twice); again++) {
          const from = again === 0 ? after : looksBefore(looks, look)
          for (const event of events.filter(({ at }) => at > from && at <= look)) {
            coming.note(event.edge)
            known = event.edge.params.base_cost
          }
          for (const change of coming.arrived(from, look))
            if (change.kind === 'edge') known = change.edge.params.baseCost
          expect(known).toBe(truth(look))
          after = look
        }
    }),
  )
})

const looksBefore = (looks: readonly bigint[], look: bigint): bigint =>
  looks.toSorted((a, b) => Number(a - b)).findLast((at) => at < look) ?? 0n
