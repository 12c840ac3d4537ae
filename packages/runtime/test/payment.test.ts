import { createHash } from 'node:crypto'
import {
  type Bundle,
  beginRequest,
  closeArguments,
  formatWire,
  openPayer,
  PAYMENT_CALLS,
  type Payer,
  pay,
  payerAmounts,
  readClosed,
  readOpened,
  readWire,
  receiptChannelId,
  settlePayer,
  stopPaying,
  takeApproval,
  takeReceipt,
  VOUCHER_HEADER,
  wire,
} from '@dcml/channels'
import { parseTrustRoot } from '@dcml/light-client'
import {
  detachDcml,
  formatClosureRequest,
  formatVoucher,
  parseApproval,
  parseReceipt,
  signClosureRequest,
} from '@dcml/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EngineEvent, EngineLoader } from '../src/index.ts'
import { scriptedLoader } from '../src/testing.ts'
import { counting } from './harness.ts'
import {
  costOf,
  errorOf,
  NEAR,
  type PaidChannel,
  type PaidRuntime,
  type PaidScene,
  PERIOD_MS,
  prices,
  readStream,
  servePaid,
  startScene,
} from './paid.ts'

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
  payer = await takeApproval(payer, parseApproval(approval!))
  const before = scene.treasury.balance
  const closed = await paid.wallet.close(closeArguments(approval!))
  payer = settlePayer(payer, readClosed(closed.events[0]!, chain), Date.now())
  expect(payerAmounts(payer)).toMatchObject({ settled: spent })
  expect(scene.treasury.balance - before).toBe(2n * prices.ownerInput + 300n * prices.ownerOutput)
  await paid.ask(PAYMENT_CALLS.forget, await paid.wallet.prove(closed, await paid.head()))
  expect((await paid.call(PAYMENT_CALLS.acceptVoucher, { voucher: await channel.voucher(NEAR) })).status).toBe(404)
})

const amountsOf = async (channel: PaidChannel, authorised: bigint) =>
  readWire(wire.amounts, await paid.ask(PAYMENT_CALLS.acceptVoucher, { voucher: await channel.voucher(authorised) }))

const receiptOf = (text: string) => parseReceipt(detachDcml(text).field!.receipt).receipt

test('a whole answer is affordable at its worst before the engine starts, and charged at what it was', async () => {
  const channel = await paid.open()
  const body = { prompt: 'count 7', max_tokens: 50 }
  const worst = costOf(2, 50)
  const refused = await paid.complete(channel, worst - 1n, body)
  expect(refused.status).toBe(402)
  const demand = readWire(wire.demand, (await errorOf(refused)).details)
  expect(demand).toMatchObject({ required: worst, spent: 0n, reserved: 0n, exhausted: false })
  const text = await (await paid.complete(channel, worst, body)).text()
  expect(receiptOf(text)).toMatchObject({
    promptTokens: 2,
    completionTokens: 7,
    spent: costOf(2, 7),
    channelId: receiptChannelId(channel.terms.channelId),
  })
  expect(await amountsOf(channel, worst)).toMatchObject({ spent: costOf(2, 7), authorised: worst })
  // without max_tokens the context is what bounds it
  const unbounded = await paid.complete(channel, worst, { prompt: 'count 7' })
  expect(readWire(wire.demand, (await errorOf(unbounded)).details).required).toBe(costOf(2, 7) + costOf(2, 4094))
})

test('embeddings cost their prompt', async () => {
  const channel = await paid.open()
  const response = await paid.fetch(`${paid.runtime.url}/v1/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [VOUCHER_HEADER]: await channel.voucher(costOf(100, 0)) },
    body: JSON.stringify({ input: ['one two', 'three'] }),
  })
  expect(receiptOf(await response.text())).toMatchObject({ promptTokens: 3, completionTokens: 0, spent: costOf(3, 0) })
})

test('tokens whose text is held back until the end are paid for too', async () => {
  const channel = await paid.open()
  // the last two tokens are a stop string: no delta carries them
  const body = { prompt: 'count 10', stream: true, stop: ' w8 w9' }
  const { payloads } = await readStream(await paid.complete(channel, costOf(2, 50), body))
  const { completionTokens, spent } = receiptOf(payloads.at(-2)!)
  expect(completionTokens).toBe(10)
  expect(spent).toBe(costOf(2, 10))
})

test('requests that share a channel are counted apart and in one sum', async () => {
  const channel = await paid.open()
  const all = costOf(20, 500)
  const answers = await Promise.all(
    [5, 60, 33, 1].map(async (n) => {
      const response = await paid.complete(channel, all, { prompt: `count ${n}`, stream: true })
      return receiptOf((await readStream(response)).payloads.at(-2)!)
    }),
  )
  expect(answers.map(({ completionTokens }) => completionTokens)).toEqual([5, 60, 33, 1])
  expect(new Set(answers.map(({ sequence }) => sequence)).size).toBe(4)
  expect((await amountsOf(channel, all)).spent).toBe(costOf(8, 99))
})

test('a channel that nobody took up closes at nothing, by its payer and by a forced closure', async () => {
  const challenge = new Uint8Array(32).fill(3)
  for (const forced of [false, true]) {
    const channel = await paid.open({ challenge, establish: false })
    const { chain, channelId } = channel.terms
    const refused = await paid.call(PAYMENT_CALLS.establish, formatWire(channel.bundle))
    expect((await errorOf(refused)).code).toBe('channel_challenge_unknown')
    const opening = (await paid.wallet.prove(channel.opening, await paid.head())) as Bundle
    let approval: string
    if (forced) {
      const closing = await paid.wallet.startClose(channelId)
      const bundle = (await paid.wallet.prove(closing, await paid.head())) as Bundle
      approval = (await paid.ask(PAYMENT_CALLS.answerClosure, formatWire(bundle))).approval!
    } else {
      const request = formatClosureRequest(await signClosureRequest(chain, { channelId }, channel.key))
      expect((await errorOf(await paid.call(PAYMENT_CALLS.requestClosure, { request }))).code).toBe('channel_unknown')
      approval = (await paid.ask(PAYMENT_CALLS.requestClosure, formatWire({ request, opening }))).approval!
    }
    const closed = await paid.wallet.close(closeArguments(approval))
    expect(readClosed(closed.events[0]!, chain)).toMatchObject({ settled: 0n, forfeited: false })
  }
})

test('the host ends channels and sees amounts on its own port, and the metrics tell', async () => {
  const channel = await paid.open()
  const id = String(channel.terms.channelId)
  const { adminUrl, url } = paid.runtime
  const listed = async () => {
    const { channels } = (await (await fetch(`${adminUrl}/dcml/v1/channels`)).json()) as {
      channels: { channelId: string }[]
    }
    return channels.find(({ channelId }) => channelId === id)
  }
  expect(await listed()).toMatchObject({ phase: 'open', deposited: `${NEAR}`, authorised: '0', spent: '0' })
  const body = JSON.stringify({ channelId: id })
  const ask = (at: string, post: typeof globalThis.fetch) =>
    post(`${at}/dcml/v1/request-channel-closure`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
  expect((await ask(url, paid.fetch)).status).toBe(400)
  const { approval } = (await (await ask(adminUrl, fetch)).json()) as { approval: string }
  expect(parseApproval(approval).approval).toMatchObject({ channelId: channel.terms.channelId, spent: 0n })
  expect(await listed()).toMatchObject({ phase: 'ended', deposited: null, spent: '0' })
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text()
  for (const name of ['dcml_channels_open', 'dcml_vouchers_accepted_total', 'dcml_payment_pauses_total'])
    expect(metrics).toMatch(new RegExp(`^${name} \\d`, 'm'))
  expect(Number(/^dcml_spent_near_total (\S+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0)
})

test('an engine that counts only afterwards sells nothing', async () => {
  const whole = scriptedLoader(counting)
  const loader: EngineLoader = {
    name: 'late',
    async load(files, options) {
      const engine = await whole.load(files, options)
      return {
        info: engine.info,
        chat: (...args) => late(engine.chat(...args)),
        complete: (...args) => late(engine.complete(...args)),
        embed: (...args) => engine.embed(...args),
        check: (...args) => engine.check(...args),
        close: () => engine.close(),
      }
    },
  }
  async function* late(events: AsyncIterable<EngineEvent>) {
    for await (const event of events) if (event.type !== 'start') yield event
  }
  await using other = await servePaid(scene, { loader })
  const channel = await other.open()
  for (const body of [
    { prompt: 'count 3', stream: true },
    { prompt: 'count 3', max_tokens: 3 },
  ]) {
    const response = await other.complete(channel, NEAR, body)
    expect([response.status, (await errorOf(response)).code]).toEqual([501, 'engine_unmetered'])
  }
  const demand = (await errorOf(await other.complete(channel, NEAR, { prompt: 'x', max_tokens: 10 ** 9 }))).details
  expect(demand).toMatchObject({ spent: '0', reserved: '0' })
})

test('embeddings that the engine has not counted are not sold', async () => {
  const whole = scriptedLoader(counting)
  const loader: EngineLoader = {
    name: 'uncounted',
    async load(files, options) {
      const engine = await whole.load(files, options)
      const embed = engine.embed.bind(engine)
      return Object.assign(engine, {
        embed: async (...args: Parameters<typeof embed>) => ({ ...(await embed(...args)), promptTokens: 0 }),
      })
    },
  }
  await using other = await servePaid(scene, { loader })
  const channel = await other.open()
  const response = await other.fetch(`${other.runtime.url}/v1/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [VOUCHER_HEADER]: await channel.voucher(costOf(100, 0)) },
    body: JSON.stringify({ input: 'one two' }),
  })
  expect([response.status, (await errorOf(response)).code]).toEqual([501, 'engine_unmetered'])
})

test('the document of the port names the calls about payment', async () => {
  const { paths } = (await (await paid.fetch(`${paid.runtime.url}/openapi.json`)).json()) as { paths: object }
  for (const path of Object.values(PAYMENT_CALLS)) expect(paths).toHaveProperty([path])
})

test('the host answers a forced closure, and has its end forgotten, on its own port', async () => {
  const channel = await paid.open()
  const { adminUrl } = paid.runtime
  const ask = async (path: string, body?: string) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(adminUrl + path, body === undefined ? {} : { method: 'POST', headers, body })
    return [response.status, await response.json()] as [number, Record<string, string>]
  }
  const closing = await paid.wallet.startClose(channel.terms.channelId)
  const [, { state }] = await ask(PAYMENT_CALLS.lightClient)
  const started = (await paid.wallet.prove(closing, parseTrustRoot(state!))) as Bundle
  expect(await ask(PAYMENT_CALLS.lightClient, formatWire({ from: started.from, blocks: started.blocks }))).toEqual([
    200,
    { state: expect.any(String) },
  ])
  const [status, { approval }] = await ask(PAYMENT_CALLS.answerClosure, formatWire(started))
  expect([status, parseApproval(approval!).approval.channelId]).toEqual([200, channel.terms.channelId])
  const closed = await paid.wallet.close(closeArguments(approval!))
  const ended = (await paid.wallet.prove(closed, await paid.head())) as Bundle
  expect(await ask(PAYMENT_CALLS.forget, formatWire(ended))).toEqual([200, {}])
  expect((await ask(PAYMENT_CALLS.getChallenge, '{}'))[0]).toBe(404)
})

test('a payer who forces the closure after use pays what was used, however late the host proves it', async () => {
  const channel = await paid.open()
  await readStream(await paid.complete(channel, costOf(2, 10), { prompt: 'count 10', stream: true }))
  const closing = await paid.wallet.startClose(channel.terms.channelId)
  scene.chain.advanceTime(PERIOD_MS / 2)
  const bundle = (await paid.wallet.prove(closing, await paid.head())) as Bundle
  // the enclave's clock lags behind the chain by half the period: only what brings money in is judged by it
  const { approval } = await paid.ask(PAYMENT_CALLS.answerClosure, formatWire(bundle))
  expect(parseApproval(approval!).approval.spent).toBe(costOf(2, 10))
})
