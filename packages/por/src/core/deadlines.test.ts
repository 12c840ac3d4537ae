import type { EdgeParams } from '@dcml/protocol/por'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ackTime, cost, cutTime, deadlinesOf, due, onwardSoft, ownBudget, suffices } from './deadlines.ts'
import { PARAMS } from './testing/defaults.ts'
import { RUNS } from './testing/runs.ts'

const over = (...latencies: number[]): EdgeParams[] => latencies.map((latency) => ({ ...PARAMS, latency }))

test('budgets shrink as in the paper: 800 to 600 to 200, and 1000 to 800 to 400 (§5.1, §5.2)', () => {
  expect(ownBudget(over(100, 200, 100), 0, 30_000)).toEqual({ soft: 800, hard: 30_800 })
  expect(onwardSoft(800, 100)).toBe(600)
  expect(onwardSoft(600, 200)).toBe(200)
  expect(ownBudget(over(100, 200, 100, 100), 0, 30_000).soft).toBe(1_000)
  expect(onwardSoft(onwardSoft(1_000, 100), 200)).toBe(400)
})

test('a budget needs a guard for each node on the way, and a hold that no closing edge outlives', () => {
  expect(suffices({ soft: 800, hard: 800 + 1_501 }, 800, 3, 500)).toBe(true)
  expect(suffices({ soft: 800, hard: 800 + 1_500 }, 800, 3, 500)).toBe(false)
  expect(suffices({ soft: 799, hard: 30_000 }, 800, 3, 500)).toBe(false)
  expect(suffices({ soft: 800, hard: 800 + 600_001 }, 800, 3, 500)).toBe(false)
})

test('an ack may take a round trip and a guard, and never more than there is', () => {
  expect(ackTime(100, 500, 10_000)).toBe(700)
  expect(ackTime(100, 500, 400)).toBe(400)
})

test('late fees run from τ to X and never backwards', () => {
  const deadlines = { lateAt: 1_000, resolveBy: 2_000 }
  expect(due(7n, deadlines, 999)).toBe(0n)
  expect(due(7n, deadlines, 1_001)).toBe(7n)
  expect(due(7n, deadlines, 9_999)).toBe(7_000n)
  expect(due(7n, { lateAt: 3_000, resolveBy: 2_000 }, 9_999)).toBe(0n)
})

test('the receiving end of an edge keeps its base cost and both directions’ bytes', () => {
  expect(cost({ ...PARAMS, baseCost: 1_000n, byteCost: 3n }, 10, 90)).toBe(1_300n)
})

/** One edge of a path: what it promises, what it takes there and back, and the relay's own time each way. */
const leg = fc
  .tuple(fc.integer({ min: 1, max: 1_000 }), fc.array(fc.nat(1_000), { minLength: 4, maxLength: 4 }))
  .map(([latency, shares]) => {
    const sum = shares.reduce((a, b) => a + b, 0)
    const part = (at: number) => (sum === 0 ? 0 : Math.floor((2 * latency * shares[at]!) / sum))
    return { latency, there: part(0), forwarding: part(1), returning: part(2), back: part(3) }
  })

test('Lemma pass-through: over edges that keep their 2·L, an honest relay owes upstream no more than it is due', () => {
  const legs = fc.array(leg, { minLength: 2, maxLength: 8 })
  fc.assert(
    fc.property(legs, fc.nat(60_000), fc.bigInt({ min: 0n, max: 10n ** 20n }), (path, lateBy, rate) => {
      // Each leg's times include the forwarding of the relay at its far end.
      let budget = ownBudget(over(...path.map(({ latency }) => latency)), 0, 600_000)
      let sentAt = 0
      const hops = path.map(({ latency, there, forwarding }) => {
        const hop = { sentAt, late: { lateAt: sentAt + budget.soft, resolveBy: sentAt + budget.hard } }
        sentAt += there + forwarding
        budget = { soft: onwardSoft(budget.soft, latency), hard: budget.hard - 2 * latency }
        return hop
      })
      let arrival = sentAt + lateBy
      const owed = path.map(() => 0n)
      for (let at = path.length - 1; at >= 0; at--) {
        arrival += path[at]!.returning + path[at]!.back
        owed[at] = due(rate, hops[at]!.late, arrival)
      }
      for (let at = 1; at < path.length; at++) expect(owed[at - 1]! <= owed[at]!).toBe(true)
    }),
    { numRuns: RUNS },
  )
})

test('Lemma no-cascade: who cuts within g of its hard deadline has its proof upstream before anyone there cuts', () => {
  const edge = fc.record({
    latency: fc.integer({ min: 1, max: 1_000 }),
    there: fc.nat(1_000),
    back: fc.nat(1_000),
    queue: fc.nat(500),
  })
  const cases = fc.tuple(
    fc.array(edge, { minLength: 2, maxLength: 8 }),
    fc.integer({ min: 1, max: 2_000 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  )
  fc.assert(
    fc.property(cases, ([path, guard, slowness]) => {
      const hold = (path.length + 1) * guard + 10_000
      // cuts[i]: when node i cuts the edge after it.
      const cuts = [ownBudget(over(...path.map(({ latency }) => latency)), 0, hold).hard]
      let now = 0
      for (const { latency, there, queue } of path.slice(0, -1)) {
        const hard = cuts.at(-1)! - now
        now += Math.min(there, latency)
        cuts.push(cutTime(deadlinesOf({ soft: 0, hard }, latency, now).resolveBy, latency, guard))
        now += queue
      }
      let proof = cuts.at(-1)! + Math.floor(slowness * (guard - 1))
      for (let node = path.length - 2; node >= 0; node--) {
        proof += Math.min(path[node]!.back, path[node]!.latency)
        expect(proof).toBeLessThan(cuts[node]!)
      }
    }),
    { numRuns: RUNS },
  )
})
