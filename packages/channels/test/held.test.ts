// Requests side by side on one channel, some of which a host keeps open after their payer has let them go: what is paid for
// one request is not eaten up by another, and an honest enclave is never taken for a liar (paper §6).
import { type SignedReceipt, sharesOf } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readToppedUp } from '../src/facts.ts'
import { abandonRequest, allow, beginRequest, type Payer, pay, takeReceipt } from '../src/index.ts'
import { topUpPayer } from '../src/payer/payer.ts'
import { alice, bytes, chain, codeOf, newPayer, openLedger, prices, receiptOf, tokens, topUp } from './world.ts'

const [LIMIT, STEP, PROMPT] = [200n, 40n, 4]
const costOf = (counts: ReturnType<typeof tokens>): bigint => sharesOf(prices, counts).spent

interface Stream {
  readonly requestH: Uint8Array
  allowed: bigint
  /** yoctoNEAR that the enclave has counted, and those that reached the payer. */
  sent: bigint
  read: bigint
  state: 'open' | 'held' | 'ended'
}

type Step = {
  readonly act: 'begin' | 'work' | 'letGo' | 'finish' | 'hear'
  readonly at: number
  readonly tokens: number
}
const steps = fc.array(
  fc.record<Step>({
    act: fc.constantFrom('begin', 'work', 'work', 'work', 'work', 'work', 'work', 'letGo', 'finish', 'hear'),
    at: fc.nat(2),
    tokens: fc.integer({ min: 1, max: 6 }),
  }),
  { minLength: 20, maxLength: 60 },
)

test('held-stream: what is paid for one request buys nothing for another that its payer has let go', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const { ledger } = await openLedger()
      await ledger.topUp(topUp(5000n))
      const deposit = readToppedUp({ ...topUp(5000n).event, contractId: chain.contract }, chain)
      let payer: Payer = topUpPayer(newPayer({ perRequestLimit: LIMIT, step: STEP }), deposit)
      const streams: Stream[] = []
      const receipts: { receipt: SignedReceipt; requestH: Uint8Array }[] = []
      const letGo = (stream: Stream): void => {
        payer = abandonRequest(payer, stream.requestH, stream.allowed)
        stream.state = 'held'
      }
      const work = async (stream: Stream, completion: number): Promise<void> => {
        const id = `${streams.indexOf(stream)}`
        const asked = tokens(stream.sent === 0n ? PROMPT : 0, completion)
        const got = await ledger.reserve(1n, id, asked, stream.allowed)
        if ('granted' in got) {
          ledger.deliver(1n, id, got.granted)
          stream.sent += costOf(got.granted)
          if (stream.state === 'open') stream.read = stream.sent
          return
        }
        if (stream.state === 'held') return
        const code = await codeOf(async () => {
          const paid = await pay(payer, alice, got.demand)
          stream.allowed = allow(paid.payer, got.demand)
          payer = paid.payer
          await ledger.acceptVoucher(paid.signed)
        })
        if (code === 'payment_limit_reached') letGo(stream)
        else expect(code).toBe('none')
      }
      for (const { act, at, tokens: some } of plan) {
        const stream = streams[at % streams.length]
        if (act === 'begin') {
          const requestH = bytes(streams.length + 1)
          payer = beginRequest(payer, requestH)
          streams.push({ requestH, allowed: allow(payer), sent: 0n, read: 0n, state: 'open' })
        } else if (act === 'hear') {
          const [next] = receipts.splice(at % receipts.length, 1)
          if (next !== undefined) payer = await takeReceipt(payer, next.receipt, next)
        } else if (stream === undefined || stream.state === 'ended') continue
        else if (act === 'work') await work(stream, some)
        else if (act === 'letGo' && stream.state === 'open') letGo(stream)
        else if (act === 'finish' && stream.state === 'open' && stream.sent > 0n) {
          stream.state = 'ended'
          const released = await ledger.release(1n, `${streams.indexOf(stream)}`)
          receipts.push({ receipt: await receiptOf(released, stream.requestH), requestH: stream.requestH })
        }
        for (const { sent, read, state } of streams) {
          if (state === 'held') expect(sent - read).toBeLessThanOrEqual(STEP)
          expect(sent).toBeLessThanOrEqual(LIMIT)
        }
      }
      for (const next of receipts) payer = await takeReceipt(payer, next.receipt, next)
      expect(payer.spent).toBeLessThanOrEqual(streams.reduce((sum, { sent }) => sum + sent, 0n))
    }),
    { numRuns: 80 },
  )
})

test('an allowance is asked for by its request, whatever is authorised', async () => {
  const { ledger } = await openLedger()
  let payer = beginRequest(newPayer({ perRequestLimit: LIMIT, step: STEP }), bytes(1))
  const first = await pay(payer, alice, {
    ...{ channelId: 1n, deposited: 1000n, authorised: 0n, spent: 0n, reserved: 0n, required: LIMIT, exhausted: false },
  })
  await ledger.acceptVoucher(first.signed)
  payer = first.payer
  const got = await ledger.reserve(1n, 'a', tokens(4, 9), allow(payer))
  // 12 for the prompt, 8 for each of three tokens: 36 of 40
  expect(got).toEqual({ granted: tokens(4, 3) })
  ledger.deliver(1n, 'a', tokens(4, 2))
  const more = await ledger.reserve(1n, 'a', tokens(0, 4), allow(payer))
  const request = { id: 'a', spent: 28n, required: 44n, allowed: 40n }
  expect(more).toMatchObject({ demand: { authorised: LIMIT, required: 44n, request } })
  if (!('demand' in more)) return
  expect(allow(payer, more.demand)).toBe(68n)
  expect(await ledger.reserve(1n, 'a', tokens(0, 9), 68n)).toEqual({ granted: tokens(0, 4) })
  // an answer that leaves whole is held to it as well
  expect(ledger.hold(1n, 'b', tokens(4, 9), 83n)).toMatchObject({ demand: { request: { required: 84n, spent: 0n } } })
  expect(ledger.hold(1n, 'b', tokens(4, 9), 84n)).toEqual({ granted: tokens(4, 9) })
  const beyond = { ...more.demand, request: { ...request, required: LIMIT + 1n } }
  expect(() => allow(payer, beyond)).toThrow('more than its limit')
})
