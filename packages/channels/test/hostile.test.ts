// One party lies at random; the honest one keeps what it was promised.
import { type SignedVoucher, sharesOf, signVoucher, toHex } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  abandonRequest,
  beginRequest,
  ceilingOf,
  closeStarted,
  closingStep,
  type Demand,
  type Payer,
  pay,
  settlePayer,
  stopPaying,
  takeReceipt,
} from '../src/index.ts'
import {
  alice,
  bytes,
  chain,
  codeOf,
  HOUR,
  mallory,
  NOW,
  newPayer,
  opening,
  openLedger,
  policy,
  prices,
  receiptOf,
  session,
  tokens,
} from './world.ts'

const amount = fc.bigInt(0n, 1200n)

test('a payer that signs anything gets no token beyond the best genuine voucher of each channel', async () => {
  const vouchers = fc.record({
    amount,
    signer: fc.constantFrom(alice, mallory, { publicKey: alice.publicKey, sign: mallory.sign }),
    signedFor: fc.constantFrom(1n, 2n, 3n),
    usedFor: fc.constantFrom(1n, 2n, 3n),
    contract: fc.constantFrom(chain.contract, chain.contract, 'other.test'),
  })
  const use = fc.record({ channel: fc.constantFrom(1n, 2n), tokens: fc.nat({ max: 150 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(vouchers, use), { maxLength: 25 }), async (plan) => {
      const { ledger } = await openLedger()
      ledger.challenge(bytes(8))
      await ledger.establish(opening({ channel_id: '2', challenge: toHex(bytes(8)) }), 0n)
      const best = new Map([1n, 2n].map((id) => [id, 0n]))
      const delivered = new Map([1n, 2n].map((id) => [id, 0]))
      for (const [i, step] of plan.entries()) {
        if ('channel' in step) {
          const result = await ledger.reserve(step.channel, `${i}`, tokens(0, step.tokens))
          if (!('granted' in result)) continue
          ledger.deliver(step.channel, `${i}`, result.granted)
          await ledger.release(step.channel, `${i}`)
          delivered.set(step.channel, delivered.get(step.channel)! + Number(result.granted.completionTokens))
        } else {
          const { signer, signedFor, usedFor, contract } = step
          const { voucher, signature } = await signVoucher(
            { ...chain, contract },
            { channelId: signedFor, authorised: step.amount },
            signer,
          )
          const used: SignedVoucher = { voucher: { ...voucher, channelId: usedFor }, signature }
          const code = await codeOf(() => ledger.acceptVoucher(used))
          const genuine = signer === alice && signedFor === usedFor && contract === chain.contract
          const known = best.get(usedFor)
          const fits = known !== undefined && step.amount >= known && step.amount <= 1000n
          expect(code === 'none').toBe(genuine && fits)
          if (code === 'none') best.set(usedFor, step.amount)
        }
      }
      for (const [id, authorised] of best) {
        const { spent } = sharesOf(prices, tokens(0, delivered.get(id)!))
        expect(ledger.amounts(id)).toEqual({ deposited: 1000n, authorised, spent, settled: null })
        expect(spent <= authorised).toBe(true)
        expect(await ledger.requestClosure(id)).toMatchObject({ spent, ...tokens(0, delivered.get(id)!) })
      }
    }),
    { numRuns: 60 },
  )
})

test('an enclave that asks and signs anything gets no more than the limit of each request', async () => {
  const demands = fc.record<Demand>({
    channelId: fc.constantFrom(1n, 1n, 1n, 2n),
    deposited: amount,
    authorised: fc.bigInt(0n, 100n),
    spent: fc.bigInt(0n, 100n),
    reserved: fc.bigInt(0n, 50n),
    required: amount,
    exhausted: fc.boolean(),
  })
  const receipts = fc.record({
    request: fc.nat({ max: 3 }),
    prompt: fc.nat({ max: 20 }),
    completion: fc.nat({ max: 20 }),
    spent: fc.option(amount, { nil: undefined }),
    sequence: fc.bigInt(0n, 12n),
  })
  const plan = fc.array(fc.oneof(demands, receipts, fc.constantFrom('begin' as const, 'abandon' as const)), {
    maxLength: 30,
  })
  await fc.assert(
    fc.asyncProperty(plan, async (steps) => {
      let payer: Payer = newPayer()
      let begun = 0
      for (const step of steps) {
        const before = payer
        if (step === 'begin') payer = beginRequest(payer, bytes(++begun % 4))
        else if (step === 'abandon') await codeOf(() => (payer = abandonRequest(payer, bytes(begun % 4))))
        else if ('required' in step)
          await codeOf(async () => {
            payer = (await pay(payer, alice, step)).payer
          })
        else {
          const requestH = bytes(step.request)
          const delivered = tokens(step.prompt, step.completion)
          const spent = step.spent ?? payer.spent + sharesOf(prices, delivered).spent
          const receipt = await receiptOf({ delivered, spent, sequence: step.sequence }, requestH, {}, session)
          await codeOf(async () => {
            payer = await takeReceipt(payer, receipt, { requestH })
          })
        }
        const limit = BigInt(begun) * policy.perRequestLimit
        expect(payer.authorised >= before.authorised && payer.spent >= before.spent).toBe(true)
        expect(payer.spent <= payer.authorised && payer.authorised <= payer.deposited).toBe(true)
        expect(payer.authorised <= limit && ceilingOf(payer) <= limit).toBe(true)
        expect(payer.accounted <= payer.spent && payer.unaccounted >= 0n).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
})

test('a channel ends in at most six steps of its payer, whoever stays silent', async () => {
  const silence = fc.record({
    payer: fc.constantFrom(newPayer(), stopPaying(newPayer(), NOW)),
    hostAnswers: fc.boolean(),
    patience: fc.nat({ max: HOUR }),
    period: fc.integer({ min: 1, max: 10 * HOUR }),
  })
  fc.assert(
    fc.property(silence, ({ payer: start, hostAnswers, patience, period }) => {
      let [payer, now, fees] = [start, NOW, 0]
      const settle = (settled: bigint) => {
        payer = settlePayer(payer, { channelId: 1n, settled, toPayer: 1000n - settled, forfeited: !hostAnswers }, now)
      }
      for (let steps = 0; steps < 6; steps++) {
        const next = closingStep(payer, now, patience)
        if (next.act === 'stop-paying') payer = stopPaying(payer, now)
        else if (next.act === 'ask-approval') now += patience
        else if (next.act === 'start-close') {
          const terms = { host: 'bob.test', challenge: bytes(7), sessionKey: session.publicKey }
          payer = closeStarted(payer, { channelId: 1n, ...terms, deadline: BigInt(now + period) * 1_000_000n }, now)
          fees++
        } else if (next.act === 'wait') {
          expect(next.until).toBeGreaterThan(now)
          now = next.until
          if (hostAnswers) settle(0n)
        } else if (next.act === 'finish-close') settle(0n)
      }
      expect(closingStep(payer, now, patience)).toEqual({ act: 'done' })
      expect(fees).toBe(1)
    }),
  )
})
