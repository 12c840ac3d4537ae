import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Edge } from './edge.ts'
import { balanceOfU } from './ending.ts'

const u128 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
const edge = (depositU: bigint, depositV: bigint, paidU: bigint, paidV: bigint): Edge => ({
  u: 'u',
  v: 'v',
  status: 'severed',
  activeFrom: 1n,
  endedAt: 2n,
  depositU,
  depositV,
  seqU: 0n,
  paidU,
  seqV: 0n,
  paidV,
})

test('I2 I3: whatever was signed, both balances are there and none is below zero', () => {
  fc.assert(
    fc.property(u128, u128, u128, u128, (depositU, depositV, paidU, paidV) => {
      const balance = balanceOfU(edge(depositU, depositV, paidU, paidV))
      expect(balance >= 0n && balance <= depositU + depositV).toBe(true)
    }),
  )
})

test('lemma: who shows the best voucher it holds gets its true balance at least, whatever the other shows', () => {
  const share = fc.bigInt({ min: 0n, max: 100n })
  fc.assert(
    fc.property(u128, u128, u128, share, share, (depositU, depositV, paidV, ofAll, shown) => {
      // what u paid leaves it with a part of all there is
      const truth = ((depositU + depositV) * ofAll) / 100n
      const paidU = depositU + paidV - truth
      fc.pre(paidU >= 0n)
      const less = (paid: bigint) => (paid * shown) / 100n
      expect(balanceOfU(edge(depositU, depositV, paidU, paidV))).toBe(truth)
      expect(balanceOfU(edge(depositU, depositV, less(paidU), paidV)) >= truth).toBe(true)
      expect(balanceOfU(edge(depositU, depositV, paidU, less(paidV))) <= truth).toBe(true)
    }),
  )
})
