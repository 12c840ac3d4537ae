import { signApproval } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  alice,
  bytes,
  chain,
  codeOf,
  eventOf,
  HOUR,
  mallory,
  NOW,
  newPayer,
  opening,
  policy,
  receiptOf,
  session,
  signerOf,
  tokens,
  wanted,
} from '../../test/world.ts'
import type { Demand } from '../enclave/meter.ts'
import { readOpened } from '../facts.ts'
import { closeArguments } from '../submission.ts'
import { closeStarted, closingStep, settlePayer, stopPaying, takeApproval } from './closing.ts'
import { exportPayer, importPayer } from './file.ts'
import { openPayer, type Payer, pay, payerAmounts, topUpPayer } from './payer.ts'
import { abandonRequest, beginRequest, dropRequest, takeReceipt } from './receipts.ts'

const demand = (required: bigint, change: Partial<Demand> = {}): Demand => ({
  channelId: 1n,
  deposited: 1000n,
  authorised: 0n,
  spent: 0n,
  reserved: 0n,
  required,
  exhausted: false,
  ...change,
})
const requestH = bytes(0x11)
const released = (prompt: number, completion: number, spent: bigint, sequence = 1n) => ({
  delivered: tokens(prompt, completion),
  spent,
  sequence,
})

/** One request under way, and this much authorised. */
async function paying(authorised: bigint): Promise<Payer> {
  const { payer } = await pay(beginRequest(newPayer(), requestH), alice, demand(authorised))
  return payer
}

test('an opening that is not what was asked for is not paid on, and the error names every difference', () => {
  const wrong: [object, string][] = [
    [{ provider: 'eve.test' }, 'host'],
    [{ challenge: '11'.repeat(32) }, 'challenge'],
    [{ session_key: '11'.repeat(32) }, 'sessionKey'],
    [{ payer_key: '11'.repeat(32) }, 'payerKey'],
    [{ model_h: '11'.repeat(32) }, 'modelH'],
    [{ deposited: '999' }, 'deposit'],
    [{ prices: { owner_input: '2', owner_output: '5', host_input: '1', host_output: '4' } }, 'hostOutput'],
  ]
  for (const [change, name] of wrong) {
    const facts = readOpened(eventOf(opening(change)), chain)
    expect(() => openPayer(facts, wanted, policy)).toThrow(`not opened as asked: ${name}.`)
  }
  const facts = readOpened(eventOf(opening()), chain)
  expect(() => openPayer(facts, { ...wanted, chain: { ...chain, networkId: 'x' } }, policy)).toThrow('contract')
  expect(() => openPayer(facts, wanted, { step: 5n, perRequestLimit: 4n })).toThrow('A step')
})

test('vouchers go a step ahead, never past the limit of the request nor the deposit', async () => {
  let payer = newPayer()
  expect((await pay(payer, alice)).signed.voucher.authorised).toBe(0n)
  payer = beginRequest(payer, requestH)
  const first = await pay(payer, alice)
  expect(first.signed.voucher.authorised).toBe(40n)
  const second = await pay(first.payer, alice, demand(120n, { authorised: 40n, spent: 38n }))
  expect(second.signed.voucher.authorised).toBe(120n)
  expect(await codeOf(() => pay(payer, alice, demand(401n)))).toBe('payment_limit_reached')
  const beyond = demand(1001n, { exhausted: true })
  expect(await codeOf(() => pay(payer, alice, beyond))).toBe('payment_limit_reached')
  const patient = { ...payer, policy: { ...policy, perRequestLimit: 2000n } }
  expect(await codeOf(() => pay(patient, alice, beyond))).toBe('payment_deposit_exhausted')
  // a voucher that got lost is signed again, not lowered
  expect((await pay(second.payer, alice, demand(50n))).signed.voucher.authorised).toBe(120n)
  const rich = topUpPayer(payer, { channelId: 1n, deposited: 5000n })
  expect(payerAmounts(rich).deposited).toBe(5000n)
  expect(await codeOf(() => pay(payer, mallory))).toBe('payment_key_wrong')
})

test('a demand that contradicts what was paid is not paid', async () => {
  const payer = await takeReceipt(await paying(100n), await receiptOf(released(10, 1, 38n), requestH), { requestH })
  const next = beginRequest(payer, requestH)
  for (const wrong of [
    demand(100n, { spent: 37n }),
    demand(100n, { spent: 50n, authorised: 101n }),
    demand(100n, { spent: 90n, reserved: 20n, authorised: 100n }),
    demand(100n, { spent: 50n, authorised: 100n, channelId: 2n }),
  ])
    expect(await codeOf(() => pay(next, alice, wrong))).toBe('payment_demand_wrong')
})

test('receipts that lie are refused by name and change nothing', async () => {
  const payer = await paying(100n)
  const take = async (receipt: ReturnType<typeof receiptOf>, counted = tokens(10, 3)) =>
    codeOf(async () => takeReceipt(payer, await receipt, { requestH, counted }))
  expect(await take(receiptOf(released(10, 3, 54n), requestH))).toBe('none')
  expect(await take(receiptOf(released(10, 3, 54n), requestH, {}, mallory))).toBe('receipt_forged')
  expect(await take(receiptOf(released(10, 3, 54n), bytes(0x12)))).toBe('receipt_foreign')
  expect(await take(receiptOf(released(10, 3, 54n), requestH, { channelId: bytes(0) }))).toBe('receipt_foreign')
  expect(await take(receiptOf(released(10, 3, 54n), requestH, { modelH: bytes(0) }))).toBe('receipt_foreign')
  // other prices than those of the opening; more than authorised; less than its own tokens
  expect(await take(receiptOf(released(10, 3, 57n), requestH))).toBe('receipt_overcharged')
  expect(await take(receiptOf(released(10, 3, 53n), requestH))).toBe('receipt_overcharged')
  expect(await take(receiptOf(released(20, 6, 108n), requestH), tokens(20, 6))).toBe('receipt_overcharged')
  expect(await take(receiptOf(released(10, 4, 62n), requestH))).toBe('receipt_overcharged')
})

test('a receipt is taken once, and spent never falls', async () => {
  const first = await receiptOf(released(10, 3, 54n), requestH)
  const payer = beginRequest(await takeReceipt(await paying(200n), first, { requestH }), requestH)
  expect(await codeOf(() => takeReceipt(payer, first, { requestH }))).toBe('receipt_replayed')
  const fell = await receiptOf(released(0, 1, 46n, 5n), requestH)
  expect(await codeOf(() => takeReceipt(payer, fell, { requestH }))).toBe('receipt_spent_fell')
  const next = await takeReceipt(payer, await receiptOf(released(0, 1, 62n, 5n), requestH), { requestH })
  expect(payerAmounts(next)).toEqual({ deposited: 1000n, authorised: 200n, spent: 62n, settled: null })
  expect(await codeOf(() => takeReceipt(next, first, { requestH }))).toBe('payment_request_unknown')
})

test('receipts of requests side by side may come in any order', async () => {
  const [one, two] = [bytes(0x21), bytes(0x22)]
  const start = beginRequest(beginRequest(newPayer(), one), two)
  const { payer } = await pay(start, alice, demand(200n))
  const [early, late] = [await receiptOf(released(10, 0, 38n), one), await receiptOf(released(10, 1, 68n, 2n), two)]
  const orders = [
    [early, late],
    [late, early],
  ]
  for (const order of orders) {
    let after = payer
    for (const receipt of order) after = await takeReceipt(after, receipt, { requestH: receipt.receipt.requestH })
    expect(after).toMatchObject({ spent: 68n, accounted: 68n, unaccounted: 0n, requests: [] })
  }
})

test('a request that was refused costs nothing, and gives the next one no room', async () => {
  const payer = await paying(100n)
  const refused = beginRequest(dropRequest(payer, requestH), requestH)
  expect(refused).toEqual(payer)
  expect(await codeOf(() => pay(refused, alice, demand(401n, { authorised: 100n })))).toBe('payment_limit_reached')
  expect(await codeOf(() => dropRequest(newPayer(), requestH))).toBe('payment_request_unknown')
})

test('a request that was lost costs what turns up later, up to its limit', async () => {
  const lost = abandonRequest(await paying(300n), requestH)
  const payer = beginRequest(lost, requestH)
  const after = await takeReceipt(payer, await receiptOf(released(10, 1, 138n), requestH), { requestH })
  expect(after).toMatchObject({ spent: 138n, accounted: 138n, unaccounted: 300n })
  const { payer: rich } = await pay(payer, alice, demand(600n))
  const much = await receiptOf(released(10, 1, 439n), requestH)
  expect(await codeOf(() => takeReceipt(rich, much, { requestH }))).toBe('receipt_overcharged')
})

test('the approval must fit the receipts; then the payer pays no more', async () => {
  const paid = await takeReceipt(await paying(100n), await receiptOf(released(10, 3, 54n), requestH), { requestH })
  const approve = (spent: bigint, counts = tokens(10, 3), signer = session) =>
    signApproval(chain, { channelId: 1n, challenge: bytes(7), ...counts, spent, counter: 3n }, signer)
  expect(await codeOf(async () => takeApproval(paid, await approve(54n)))).toBe('channel_not_closing')
  const payer = stopPaying(paid, NOW)
  expect(await codeOf(() => pay(payer, alice))).toBe('channel_closing')
  expect(await codeOf(async () => takeApproval(payer, await approve(62n, tokens(10, 4))))).toBe('approval_overcharged')
  expect(await codeOf(async () => takeApproval(payer, await approve(46n, tokens(10, 2))))).toBe('approval_overcharged')
  expect(await codeOf(async () => takeApproval(payer, await approve(54n, tokens(10, 4))))).toBe('approval_wrong_sum')
  expect(await codeOf(async () => takeApproval(payer, await approve(54n, tokens(10, 3), mallory)))).toBe(
    'approval_foreign',
  )
  const approved = await takeApproval(payer, await approve(54n))
  const step = closingStep(approved, NOW, HOUR)
  if (step.act !== 'submit-approval') throw new Error(step.act)
  expect(closeArguments(step.approval)).toEqual({
    channel_id: 1n,
    challenge: bytes(7),
    prompt_tokens: 10n,
    completion_tokens: 3n,
    spent: 54n,
    counter: 3n,
    signature: (await approve(54n)).signature,
  })
})

test('a channel ends whoever is silent', () => {
  let payer = newPayer()
  expect(closingStep(payer, NOW, 1000)).toEqual({ act: 'stop-paying' })
  payer = stopPaying(payer, NOW)
  expect(closingStep(payer, NOW + 999, 1000)).toEqual({ act: 'ask-approval' })
  expect(closingStep(payer, NOW + 1000, 1000)).toEqual({ act: 'start-close' })
  const started = { channelId: 1n, host: 'bob.test', challenge: bytes(7), sessionKey: bytes(1) }
  payer = closeStarted(payer, { ...started, deadline: BigInt(NOW + HOUR) * 1_000_000n }, NOW)
  const wait = closingStep(payer, NOW + HOUR - 1, 1000)
  expect(wait).toEqual({ act: 'wait', until: NOW + HOUR + 1 })
  expect(closingStep(payer, NOW + HOUR, 1000)).toEqual({ act: 'finish-close' })
  payer = settlePayer(payer, { channelId: 1n, settled: 0n, toPayer: 1000n, forfeited: true }, NOW)
  expect(closingStep(payer, NOW + HOUR, 1000)).toEqual({ act: 'done' })
  expect(payerAmounts(payer).settled).toBe(0n)
})

test('the file carries everything but the key, and refuses what was changed into nonsense', async () => {
  const payer = stopPaying(await paying(100n), NOW)
  const file = exportPayer(payer)
  expect(importPayer(file)).toEqual(payer)
  for (const wrong of [
    file.replace('"authorised": "100"', '"authorised": "1001"'),
    file.replace('"spent": "0",\n  "accounted"', '"spent": "101",\n  "accounted"'),
    file.replace('"version": 1', '"version": 2'),
    file.replace('"authorised": "100"', '"authorised": 100'),
    file.slice(1),
    '{}',
  ])
    expect(() => importPayer(wrong), wrong.slice(0, 40)).toThrow("not a payer's state")
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(() => importPayer(text)).toThrow("not a payer's state")
    }),
    { numRuns: 50 },
  )
  expect(file).not.toContain(Buffer.from(signerOf(2).publicKey).toString('base64'))
})
