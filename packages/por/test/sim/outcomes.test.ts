// What a requester may count on (specification §6, "Outcome" and "Evidence"), in whole networks with cheats in them.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GUARD, plans, play } from './world.ts'

const options = { numRuns: 60 }

test('I9: every acknowledged request ends in exactly one response or proof, by its hard deadline', () => {
  fc.assert(
    fc.property(plans({ tardy: 3000 }), (plan) => {
      const world = play(plan)
      for (const asked of world.asked) {
        expect(asked.ends.length).toBe(1)
        const { at, outcome } = asked.ends[0]!
        if (world.isAcked(asked)) expect(outcome.kind).not.toBe('refused')
        expect(at).toBeLessThanOrEqual(asked.at + asked.hard)
      }
    }),
    options,
  )
})

test('I10: the first signal comes by τ + Δ + g from an honest neighbour, and beside a cheat a tolerance later', () => {
  fc.assert(
    fc.property(plans({ tardy: 3000 }), (plan) => {
      const world = play(plan)
      for (const asked of world.asked) {
        const [u, v] = world.ends(asked.path[0]!)
        const isHonest = world.isHonest(u) && world.isHonest(v)
        // a requester that wants to wait for a silent neighbour has no signal to expect
        if (!isHonest && plan.patience > 0) continue
        const first = Math.min(...[...asked.ends, ...asked.pays].map(({ at }) => at))
        const { sync, latency } = world.network.ledger.edge(asked.path[0]!)!.params
        // one that settles without paying is not underpaying yet while the fee is within the tolerance
        const tolerance = isHonest ? 0 : 2 * latency + GUARD
        expect(first).toBeLessThanOrEqual(asked.at + asked.soft + sync + GUARD + tolerance)
      }
    }),
    options,
  )
})

test('I11: late fees are ρ · lateness, give or take a settlement, where the neighbour is honest', () => {
  fc.assert(
    fc.property(plans({ tardy: 3000 }), (plan) => {
      const world = play(plan)
      for (const asked of world.asked) {
        const { path, at, soft, hard, rate, pays, ends } = asked
        const [u, v] = world.ends(path[0]!)
        if (!world.isHonest(u) || !world.isHonest(v) || world.cut.includes(path[0]!)) continue
        const lateness = Math.max(0, Math.min(ends[0]!.at - at, hard) - soft)
        const paid = pays.reduce((sum, { amount }) => sum + amount, 0n)
        const { sync } = world.network.ledger.edge(path[0]!)!.params
        const difference = paid - rate * BigInt(lateness)
        expect(difference < 0n ? -difference : difference).toBeLessThanOrEqual(rate * BigInt(sync))
      }
    }),
    options,
  )
})

test('I14: every proof that an honest node accepted is severed on chain', () => {
  fc.assert(
    fc.property(plans(), (plan) => {
      const world = play(plan)
      const named = world.asked.flatMap(({ ends }) =>
        ends.flatMap(({ outcome }) => (outcome.kind === 'broken' ? [outcome.edgeId] : [])),
      )
      const submitted = world.sights.flatMap(({ node, effect }) =>
        world.isHonest(node) && effect.kind === 'submit' ? [effect.cert.body.edgeId] : [],
      )
      for (const id of [...named, ...submitted]) expect(world.cut).toContain(id)
    }),
    options,
  )
})

test('I15: no edge is broken that neither of its ends cut', () => {
  fc.assert(
    fc.property(plans(), (plan) => {
      const world = play(plan)
      const cutters = new Set(
        world.sights.flatMap(({ node, effect }) =>
          effect.kind === 'note' && effect.note.what === 'severed' ? [`${node} ${effect.note.edgeId}`] : [],
        ),
      )
      // what a mute node decides nobody sees; it can tell of a cut when it speaks again
      const cheats = [...world.cheats]
      const isMute = (end: string) => plan.cheats[cheats.indexOf(end)]?.kind === 'mute'
      for (const id of world.cut)
        expect(world.ends(id).some((end) => cutters.has(`${end} ${id}`) || isMute(end))).toBe(true)
    }),
    options,
  )
})

test('no cascade: an edge between two honest nodes is never cut', () => {
  fc.assert(
    fc.property(plans({ tardy: 3000 }), (plan) => {
      const world = play(plan)
      for (const id of world.cut) expect(world.ends(id).every((end) => world.isHonest(end))).toBe(false)
    }),
    options,
  )
})
