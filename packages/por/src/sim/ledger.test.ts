// The ledger is what the simulations of money stand on: it keeps every amount, whatever is called in whatever order.
import { porVoucher, severCert, sign } from '@dcml/protocol/por'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { releaseEscrow, settle, sever, startClose, submitVoucher } from './closing.ts'
import { Keyring } from './keys.ts'
import { Ledger } from './ledger.ts'
import { claimReimbursement, reportPartition, reportReconnect } from './partition.ts'
import { Random } from './random.ts'

const RULES = {
  ...{ minStake: 10n, penalty: 100n, slashBps: 1000n, bounty: 7n },
  ...{ activation: 50, closeNotice: 300, challenge: 500, reimbursement: 2000 },
}
const PARAMS = {
  ...{ latency: 10, baseCost: 1n, byteCost: 0n, minLateRate: 0n, maxLateRate: 9n },
  ...{ sync: 100, maxInflight: 8, bytesPerSecond: 0 },
}
const NAMES = ['a', 'b', 'c', 'd']

function world() {
  const keyring = new Keyring(new Random(3))
  const time = { now: 0 }
  const ledger = new Ledger({ networkId: 'sim', contract: 'por' }, RULES, () => time.now, keyring.verify)
  const signers = NAMES.map((name) => {
    const signer = keyring.signer()
    ledger.mint(name, 10_000n)
    ledger.registerNode(name, signer.publicKey, 1000n)
    return signer
  })
  const cut = (id: bigint, by: number) => sign(severCert, ledger.chain, { edgeId: id }, signers[by]!)
  const pay = (id: bigint, by: number, total: bigint) =>
    sign(porVoucher, ledger.chain, { edgeId: id, seq: total + 1n, total }, signers[by]!)
  return { ledger, time, cut, pay }
}

type Step = (w: ReturnType<typeof world>) => void
const who = fc.nat(3)
const edge = fc.integer({ min: 1, max: 6 }).map(BigInt)
const money = fc.bigInt(0n, 1500n)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(who, who, money).map(
    ([u, v, amount]): Step =>
      ({ ledger }) =>
        ledger.openEdge(NAMES[u]!, NAMES[v]!, PARAMS, amount),
  ),
  fc.tuple(edge, money).map(
    ([id, amount]): Step =>
      ({ ledger }) =>
        ledger.confirmEdge(id, amount),
  ),
  edge.map(
    (id): Step =>
      ({ ledger }) =>
        ledger.cancelEdge(id),
  ),
  fc.tuple(edge, who, money).map(
    ([id, by, amount]): Step =>
      ({ ledger }) =>
        ledger.deposit(id, NAMES[by]!, amount),
  ),
  fc.tuple(edge, who, who).map(
    ([id, by, from]): Step =>
      ({ ledger, cut }) =>
        sever(ledger, cut(id, by), NAMES[from]!),
  ),
  fc.tuple(edge, who).map(
    ([id, by]): Step =>
      ({ ledger }) =>
        startClose(ledger, id, NAMES[by]!),
  ),
  fc.tuple(edge, who, fc.bigInt(0n, 5000n)).map(
    ([id, by, total]): Step =>
      ({ ledger, pay }) =>
        submitVoucher(ledger, pay(id, by, total)),
  ),
  edge.map(
    (id): Step =>
      ({ ledger }) =>
        settle(ledger, id),
  ),
  edge.map(
    (id): Step =>
      ({ ledger }) =>
        releaseEscrow(ledger, id),
  ),
  edge.map(
    (id): Step =>
      ({ ledger }) =>
        claimReimbursement(ledger, id),
  ),
  who.map(
    (at): Step =>
      ({ ledger }) =>
        ledger.withdrawStake(NAMES[at]!),
  ),
  fc.tuple(who, edge).map(
    ([at, id]): Step =>
      ({ ledger }) =>
        reportReconnect(ledger, NAMES[at]!, [id]),
  ),
  fc.tuple(who, edge).map(
    ([at, id]): Step =>
      ({ ledger }) => {
        const { u, v } = ledger.requireEdge(id).facts
        reportPartition(ledger, { cut: [NAMES[at]!], witness: [u, v], tree: [id] })
      },
  ),
  fc.integer({ min: 1, max: 900 }).map(
    (ms): Step =>
      ({ time }) => {
        time.now += ms
      },
  ),
)

test('I1 I2 I3 I5: every order of calls keeps all the money, and every edge settles', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
      const w = world()
      for (const run of steps) {
        try {
          run(w)
        } catch (error) {
          expect(error).toMatchObject({ name: 'DcmlError' })
        }
        expect(w.ledger.supply()).toBe(40_000n)
        for (const amount of w.ledger.wallets.values()) expect(amount >= 0n).toBe(true)
        for (const { facts, bonds, escrow } of w.ledger.edges.values())
          expect([facts.depositU, facts.depositV, ...bonds, escrow].every((amount) => amount >= 0n)).toBe(true)
      }
      for (const { facts } of w.ledger.edges.values()) {
        if (facts.status === 'active') startClose(w.ledger, facts.id, facts.u)
        if (facts.status === 'pending') w.ledger.cancelEdge(facts.id)
      }
      w.time.now += 5000
      for (const { facts } of [...w.ledger.edges.values()]) {
        if (facts.status === 'closing' || facts.status === 'severed') settle(w.ledger, facts.id)
        if (w.ledger.requireEdge(facts.id).wasCut) releaseEscrow(w.ledger, facts.id)
      }
      expect(w.ledger.supply()).toBe(40_000n)
      for (const { facts, bonds, escrow } of w.ledger.edges.values())
        expect([facts.status, facts.depositU + facts.depositV, bonds[0] + bonds[1], escrow]).toEqual([
          'settled',
          0n,
          0n,
          0n,
        ])
    }),
    { numRuns: 150 },
  )
})

test('the guilty end pays both halves once it is isolated', () => {
  const { ledger, time, cut } = world()
  const id = ledger.openEdge('a', 'b', PARAMS, 500n)
  ledger.confirmEdge(id, 500n)
  const witness = ledger.openEdge('b', 'c', PARAMS, 0n)
  ledger.confirmEdge(witness, 0n)
  const before = ledger.wallets.get('b')!
  time.now = 60
  const proof = { cut: ['a'], witness: ['b', 'c'], tree: [witness] }
  expect(() => reportPartition(ledger, proof)).toThrow(expect.objectContaining({ code: 'por_partition' }))
  sever(ledger, cut(id, 1), 'd')
  sever(ledger, cut(id, 1), 'd')
  reportPartition(ledger, proof)
  expect(ledger.node('a')).toMatchObject({ stake: 900n, isolatedSince: ledger.timestamp })
  claimReimbursement(ledger, id)
  expect(() => claimReimbursement(ledger, id)).toThrow(expect.objectContaining({ code: 'por_no_claim' }))
  time.now += 2000
  settle(ledger, id)
  releaseEscrow(ledger, id)
  expect(ledger.wallets.get('b')! - before).toBe(500n + 100n)
  expect(ledger.treasury).toBe(100n - 7n + 100n)
})
