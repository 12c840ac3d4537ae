import { createHash } from 'node:crypto'
import {
  beginRequest,
  closeArguments,
  openPayer,
  PAYMENT_CALLS,
  type Payer,
  pay,
  payerAmounts,
  readClosed,
  readOpened,
  settlePayer,
  stopPaying,
  takeApproval,
  takeReceipt,
} from '@dcml/channels'
import {
  detachDcml,
  formatClosureRequest,
  formatVoucher,
  parseApproval,
  parseReceipt,
  signClosureRequest,
} from '@dcml/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { costOf, NEAR, type PaidRuntime, type PaidScene, prices, readStream, servePaid, startScene } from './paid.ts'

let scene: PaidScene
let paid: PaidRuntime
beforeAll(async () => {
  scene = await startScene()
  paid = await servePaid(scene)
})
afterAll(async () => {
  await paid[Symbol.asyncDispose]()
  await scene.stop()
})

const sha256 = (text: string) => Uint8Array.from(createHash('sha256').update(text).digest())

test('opened on chain, proven, streamed in steps, closed on chain: everyone has theirs to the yocto', async () => {
  const channel = await paid.open({ deposit: NEAR })
  const { terms } = channel
  const chain = terms.chain
  const opened = readOpened(channel.opening.events[0]!, chain)
  let payer: Payer = openPayer(
    opened,
    { ...terms, maxPrices: prices, deposit: NEAR },
    { perRequestLimit: costOf(100, 1000), step: costOf(0, 20) },
  )
  const body = { prompt: 'count 300', stream: true, max_tokens: 300 }
  const requestH = sha256(JSON.stringify(body))
  payer = beginRequest(payer, requestH)
  const first = await pay(payer, channel.key)
  payer = first.payer
  const response = await paid.complete(channel, first.signed.voucher.authorised, body)
  expect(response.status).toBe(200)
  const { payloads, demands } = await readStream(response, async (demand) => {
    const next = await pay(payer, channel.key, demand)
    payer = next.payer
    await paid.ask(PAYMENT_CALLS.acceptVoucher, { voucher: formatVoucher(next.signed) })
  })
  expect(demands).toBeGreaterThan(5)
  expect(payloads.at(-1)).toBe('[DONE]')
  const texts = payloads.slice(0, -1).map((payload) => JSON.parse(payload).choices[0]?.text ?? '')
  expect(texts.join('')).toBe(Array.from({ length: 300 }, (_, i) => `${i === 0 ? '' : ' '}w${i}`).join(''))
  const receipt = parseReceipt(detachDcml(payloads.at(-2)!).field!.receipt)
  payer = await takeReceipt(payer, receipt, { requestH, counted: { promptTokens: 2n, completionTokens: 300n } })
  const spent = costOf(2, 300)
  expect(payerAmounts(payer)).toMatchObject({ spent })

  payer = stopPaying(payer, Date.now())
  const request = formatClosureRequest(await signClosureRequest(chain, { channelId: terms.channelId }, channel.key))
  const { approval } = await paid.ask(PAYMENT_CALLS.requestClosure, { request })
  payer = await takeApproval(payer, parseApproval(approval))
  const before = scene.treasury.balance
  const closed = await paid.wallet.close(closeArguments(approval))
  payer = settlePayer(payer, readClosed(closed.events[0]!, chain), Date.now())
  expect(payerAmounts(payer)).toMatchObject({ settled: spent })
  expect(scene.treasury.balance - before).toBe(2n * prices.ownerInput + 300n * prices.ownerOutput)
  await paid.ask(PAYMENT_CALLS.forget, await paid.wallet.prove(closed, await paid.head()))
})
