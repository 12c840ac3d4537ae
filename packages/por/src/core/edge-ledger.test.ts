import { type PorVoucher, porVoucher, type Signed, sign } from '@dcml/protocol/por'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { EdgeLedger } from './edge-ledger.ts'
import { cheapSigner } from './testing/crypto.ts'
import { CHAIN } from './testing/defaults.ts'
import { RUNS } from './testing/runs.ts'

const signer = cheapSigner('u')
const voucher = (seq: bigint, total: bigint): Signed<PorVoucher> =>
  sign(porVoucher, CHAIN, { edgeId: 1n, seq, total }, signer)

const clamp = (value: bigint, most: bigint): bigint => (value < 0n ? 0n : value > most ? most : value)

/** Two ends of an edge: each pays what it can, and the other takes it or, with a bad link, never sees it. */
const payments = fc.array(
  fc.record({ byU: fc.boolean(), amount: fc.bigInt({ min: 0n, max: 2_000n }), arrives: fc.boolean() }),
  { maxLength: 30 },
)
const deposit = fc.bigInt({ min: 0n, max: 5_000n })

test('Lemma vouchers: who submits its best voucher gets at least its balance, whatever the other side submits (I2)', () => {
  fc.assert(
    fc.property(payments, deposit, deposit, fc.nat(30), (steps, depositU, depositV, shown) => {
      const ledgers = { u: new EdgeLedger(), v: new EdgeLedger() }
      const deposits = { u: { mine: depositU, theirs: depositV }, v: { mine: depositV, theirs: depositU } }
      const signed: { u: Signed<PorVoucher>[]; v: Signed<PorVoucher>[] } = { u: [], v: [] }
      for (const { byU, amount, arrives } of steps) {
        const [payer, payee] = byU ? (['u', 'v'] as const) : (['v', 'u'] as const)
        ledgers[payer].owed += amount
        const total = ledgers[payer].nextTotal(deposits[payer])
        if (total === null) continue
        const paid = voucher((ledgers[payer].paid?.body.seq ?? 0n) + 1n, total)
        ledgers[payer].paid = paid
        if (!arrives) continue
        signed[payer].push(paid)
        expect(ledgers[payee].isBetter(paid.body, deposits[payee])).toBe(true)
        ledgers[payee].received = paid
      }
      const whole = depositU + depositV
      for (const [me, other] of [
        ['u', 'v'],
        ['v', 'u'],
      ] as const) {
        // The other side shows any voucher it ever got of mine, or none.
        const against = signed[me][shown % (signed[me].length + 1)]?.body.total ?? 0n
        const mine = clamp(deposits[me].mine - against + ledgers[me].receivedTotal, whole)
        expect(mine >= ledgers[me].balance(deposits[me])).toBe(true)
        expect(mine <= whole).toBe(true)
        expect(ledgers[other].balance(deposits[other]) >= 0n).toBe(true)
      }
    }),
    { numRuns: RUNS },
  )
})

test('a voucher that goes back, or that nothing covers, is none (I4)', () => {
  const ledger = new EdgeLedger()
  const deposits = { mine: 100n, theirs: 50n }
  const body = (seq: bigint, total: bigint): PorVoucher => voucher(seq, total).body
  expect(ledger.isBetter(body(0n, 10n), deposits)).toBe(false)
  expect(ledger.isBetter(body(1n, 51n), deposits)).toBe(false)
  ledger.received = voucher(2n, 40n)
  expect(ledger.isBetter(body(2n, 41n), deposits)).toBe(false)
  expect(ledger.isBetter(body(3n, 39n), deposits)).toBe(false)
  expect(ledger.isBetter(body(3n, 41n), deposits)).toBe(true)
  ledger.paid = voucher(1n, 30n)
  expect(ledger.isBetter(body(3n, 80n), deposits)).toBe(true)
})

test('what is owed and reserved cannot be promised again', () => {
  const ledger = new EdgeLedger()
  const deposits = { mine: 100n, theirs: 0n }
  ledger.owed = 20n
  ledger.reserved = 30n
  expect(ledger.free(deposits)).toBe(50n)
  expect(ledger.balance(deposits)).toBe(100n)
  expect(ledger.nextTotal(deposits)).toBe(20n)
  ledger.owed = 1_000n
  expect(ledger.nextTotal(deposits)).toBe(100n)
})

test('late fees are booked out of what was paid beyond the charges, and no more', () => {
  const ledger = new EdgeLedger()
  ledger.received = voucher(1n, 50n)
  ledger.charged = 30n
  expect(ledger.creditLate(15n)).toBe(15n)
  expect(ledger.creditLate(15n)).toBe(5n)
  expect(ledger.creditLate(15n)).toBe(0n)
})
