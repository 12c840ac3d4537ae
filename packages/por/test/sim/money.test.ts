// Who can lose what (specification §6, "Funds" and "Honest loss"), in whole networks with cheats in them.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { balances } from '../../src/sim/closing.ts'
import { DEPOSIT, GUARD, plans, play, RULES, STAKE, type World } from './world.ts'

const options = { numRuns: 50 }

test('I1: whatever happened, all the money is still there, and every edge pays out', () => {
  fc.assert(
    fc.property(plans({ tardy: 3000 }), (plan) => {
      const { network, holdings } = play(plan)
      const all = BigInt(plan.nodes) * (STAKE + 100n * DEPOSIT)
      expect(network.ledger.supply()).toBe(all)
      holdings.settleAll()
      expect(network.ledger.supply()).toBe(all)
      const free = [...network.ledger.wallets.values()].reduce((sum, amount) => sum + amount, network.ledger.treasury)
      expect(free).toBe(all - BigInt(plan.nodes) * STAKE)
    }),
    options,
  )
})

/** All vouchers of an edge that reached their receiver, by payer. */
function vouchersOf(world: World, id: bigint): [bigint[], bigint[]] {
  const totals: [bigint[], bigint[]] = [[0n], [0n]]
  for (const { node, effect } of world.sights)
    if (effect.kind === 'keep' && effect.record.kind === 'received' && effect.record.voucher.body.edgeId === id)
      totals[world.ends(id)[0] === node ? 1 : 0].push(effect.record.voucher.body.total)
  return totals
}

test('I2 I4: totals only grow, and any vouchers of an edge share out exactly its deposits', () => {
  fc.assert(
    fc.property(plans({ tardy: 3000 }), fc.nat(), fc.nat(), (plan, one, other) => {
      const world = play(plan)
      for (const { facts } of world.network.ledger.edges.values()) {
        const totals = vouchersOf(world, facts.id)
        for (const side of totals) expect(side).toEqual(side.toSorted((a, b) => Number(a - b)))
        const paid: [bigint, bigint] = [totals[0][one % totals[0].length]!, totals[1][other % totals[1].length]!]
        const [ofU, ofV] = balances({ facts, paid })
        expect([ofU >= 0n, ofV >= 0n, ofU + ofV]).toEqual([true, true, 2n * DEPOSIT])
      }
    }),
    options,
  )
})

test('vouchers: with its best one, an end gets at least its true balance, whatever the other submits', () => {
  fc.assert(
    fc.property(plans({ tardy: 3000 }), fc.nat(), (plan, choice) => {
      const world = play(plan)
      for (const { facts } of world.network.ledger.edges.values()) {
        const [byU, byV] = vouchersOf(world, facts.id)
        const [trueU, trueV] = balances({ facts, paid: [byU.at(-1)!, byV.at(-1)!] })
        expect(balances({ facts, paid: [byU[choice % byU.length]!, byV.at(-1)!] })[0]).toBeGreaterThanOrEqual(trueU)
        expect(balances({ facts, paid: [byU.at(-1)!, byV[choice % byV.length]!] })[1]).toBeGreaterThanOrEqual(trueV)
      }
    }),
    options,
  )
})

const halfPenalties = (world: World, account: string): bigint =>
  (BigInt(world.cut.filter((id) => world.ends(id).includes(account)).length) * RULES.penalty) / 2n

/** What the node may get from who asks through it counts for nothing here: bounds are on losses. */
test('I6: a relay loses at most rounding, and beside a cheat what it chose to wait, and π/2', () => {
  fc.assert(
    fc.property(plans(), (plan) => {
      const world = play(plan)
      const { ledger } = world.network
      for (const account of ledger.nodes.keys()) {
        if (!world.isHonest(account) || world.asked.some(({ from }) => from === account)) continue
        const edges = [...ledger.requireNode(account).edges]
        const isBesideCheat = edges.some((id) => world.ends(id).some((end) => !world.isHonest(end)))
        const longest = Math.max(...edges.map((id) => ledger.edge(id)!.params.sync))
        const through = world.asked.filter(({ path }) => path.some((id) => edges.includes(id)))
        const rounding = through.reduce((sum, { rate }) => sum + rate * BigInt(longest + GUARD + 200), 0n)
        const waited = through.reduce((sum, { rate }) => sum + rate * BigInt(plan.patience), 0n)
        const most = rounding + (isBesideCheat ? waited + halfPenalties(world, account) : 0n)
        expect(-world.gain(account)).toBeLessThanOrEqual(most)
      }
    }),
    options,
  )
})

test('pass-through: without cheats nobody is ever a yocto behind for relaying, but for a settlement’s rounding', () => {
  fc.assert(
    fc.property(plans({ cheats: 0, tardy: 3000 }), (plan) => {
      const world = play(plan)
      expect(world.cut).toEqual([])
      for (const account of world.network.ledger.nodes.keys()) {
        const spent = world.asked.filter(({ from }) => from === account)
        if (spent.length > 0 || world.asked.some(({ to }) => to === account)) continue
        expect(world.gain(account)).toBeGreaterThanOrEqual(0n)
      }
    }),
    options,
  )
})

test('I7: a requester loses at most its fee per try, and π/2 where it cuts its own edge', () => {
  fc.assert(
    fc.property(plans(), (plan) => {
      const world = play(plan)
      for (const account of new Set(world.asked.map(({ from }) => from))) {
        const others = world.asked.filter(({ from, to, path }) => {
          const passes = path.some((id) => world.ends(id).includes(account))
          return from !== account && (to === account || passes)
        })
        if (others.length > 0) continue
        const fees = world.asked.filter(({ from }) => from === account).reduce((sum, { ask }) => sum + ask.fee, 0n)
        expect(-world.gain(account)).toBeLessThanOrEqual(fees + halfPenalties(world, account))
      }
    }),
    options,
  )
})

test('what a machine thinks it owns is what the vouchers say', () => {
  fc.assert(
    fc.property(plans({ cheats: 0, tardy: 3000 }), (plan) => {
      const world = play(plan)
      for (const { id, u, v } of world.network.edges.values())
        expect([u.machine.edge(id)!.balance, v.machine.edge(id)!.balance]).toEqual(world.holdings.balances(id))
    }),
    options,
  )
})
