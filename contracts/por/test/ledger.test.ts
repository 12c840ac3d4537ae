import { deepStrictEqual, strictEqual } from 'node:assert'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Edge, LINK_STORAGE } from '../src/edge.ts'
import { GONE_STORAGE } from '../src/node.ts'
import { Ledger, RULES } from './ledger.ts'
import { aim, PARTIES, step, take } from './steps.ts'

/** Some seconds; 2,000 were run once. */
const RUNS = 100

const wealth = (ledger: Ledger): bigint => [...ledger.wallets.values()].reduce((sum, one) => sum + one, ledger.balance)

/** What must hold in every state. */
function check(ledger: Ledger): void {
  const { treasury, ...totals } = ledger.books.totals
  deepStrictEqual(totals, ledger.counted())
  strictEqual(
    Object.values(totals).reduce((sum, one) => sum + one, treasury),
    ledger.balance,
  )
  strictEqual(wealth(ledger), 0n)
  // whose vouchers can still be brought has a key
  for (const { u, v, status } of ledger.books.edges.values())
    if (status !== 'pending') strictEqual(ledger.books.nodes.has(u) && ledger.books.nodes.has(v), true)
}

const best = ({ books }: Ledger) => [...books.edges].map(([at, edge]: [string, Edge]) => [at, edge] as const)

const REPEATED = [
  'close',
  'update',
  'sever',
  'voucher',
  'cooperate',
  'settle',
  'claim',
  'release',
  'isolate',
  'reconnect',
]

test('I1 I2 I3 I4 I5 I19 I20: every yocto is where the books say, whatever anyone does; then all is paid out', () => {
  const done = new Map<string, number>()
  let claimed = 0
  fc.assert(
    fc.property(fc.array(step, { minLength: 60, maxLength: 120, size: 'max' }), (steps) => {
      const ledger = new Ledger()
      for (const party of PARTIES) ledger.register(party, RULES.minStake + 50n)
      for (const next of steps) {
        const one = aim(ledger, next)
        const before = best(ledger)
        if (take(ledger, one) === null) done.set(one.do, (done.get(one.do) ?? 0) + 1)
        check(ledger)
        // I4
        for (const [at, { paidU, paidV, seqU, seqV }] of before) {
          const after: Edge | null = ledger.books.edges.get(at)
          if (!after) continue
          expect(after.paidU >= paidU && after.paidV >= paidV && after.seqU >= seqU && after.seqV >= seqV).toBe(true)
        }
        // I20
        if (!REPEATED.includes(one.do)) continue
        const picture = ledger.picture()
        take(ledger, one)
        strictEqual(ledger.picture(), picture)
      }
      end(ledger)
      for (const { edge, balanceU, balanceV } of ledger.settled) {
        // I2, I3
        expect(balanceU >= 0n && balanceV >= 0n).toBe(true)
        expect(balanceU + balanceV).toBe(edge.depositU + edge.depositV)
      }
      // I19
      for (const { by, escrow, toTreasury, ...to } of ledger.released) {
        // without the place of the links, which goes back with the last of penalty and deposits
        const [toU, toV] = [to.toU % LINK_STORAGE, to.toV % LINK_STORAGE]
        const half = RULES.penalty / 2n
        expect(toTreasury).toBe(RULES.penalty - RULES.bounty)
        if (by === 'release') expect([toU, toV]).toEqual([half, half])
        else {
          claimed++
          const guilty = toU < toV ? escrow.u : escrow.v
          const isOf = ({ account, at }: { account: string; at: bigint }) =>
            account === guilty && at >= escrow.severedAt && at <= escrow.severedAt + RULES.window
          expect(ledger.declared.some(isOf)).toBe(true)
          // the other has its bond whole
          expect([toU, toV].toSorted()).toEqual([0n, RULES.penalty])
        }
      }
    }),
    { numRuns: RUNS },
  )
  // every method got through, or the test would show nothing
  expect([...done.keys()]).toHaveLength(22)
  expect(claimed).toBeGreaterThan(0)
})

/** Strangers and owners end everything: from every state that was reached, all money can leave (I5). */
function end(ledger: Ledger): void {
  ledger.gone.clear()
  for (const [at, { u, status }] of best(ledger)) {
    if (status === 'pending') strictEqual(ledger.cancel(u, BigInt(at)), null)
    if (status === 'active') strictEqual(ledger.startClose(u, BigInt(at)), null)
  }
  ledger.now += RULES.notice + RULES.challenge
  for (const [at] of best(ledger)) strictEqual(ledger.settle('anyone', BigInt(at)), null)
  ledger.now += RULES.window
  for (const at of [...ledger.books.escrows.keys()])
    if (ledger.claim('anyone', BigInt(at)) !== null) strictEqual(ledger.release('anyone', BigInt(at)), null)
  const all = [...ledger.books.nodes.keys()]
  for (const account of all) strictEqual(ledger.withdraw(account), null)
  for (const account of [...ledger.books.owed.keys(), 'treasury']) ledger.collect('anyone', account)
  check(ledger)
  const { storage, ...rest } = ledger.books.totals
  deepStrictEqual(rest, { stakes: 0n, deposits: 0n, bonds: 0n, escrow: 0n, treasury: 0n, owed: 0n })
  expect(ledger.books.nodes.size + ledger.books.links.size).toBe(0)
  expect(storage).toBe(BigInt(ledger.books.gone.size) * GONE_STORAGE)
}
