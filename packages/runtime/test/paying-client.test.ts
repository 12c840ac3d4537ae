// The whole way of a payment (paper §6): contract and light client, runtime and engine, client and OpenAI's SDK.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { development } from '@dcml/attestation'
import { type Client, createClient, fileChannel, type PayOptions, verifyReceiptRecord } from '@dcml/client'
import { accountFromKey } from '@dcml/near'
import { model, modelWallet } from '@dcml/near/model'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { simulator } from './harness.ts'
import { costOf, NEAR, type PaidRuntime, type PaidScene, servePaid, startScene } from './paid.ts'

let scene: PaidScene
let paid: PaidRuntime
let folder: string
const clients: Client[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-paying-'))
  scene = await startScene()
  paid = await servePaid(scene, { limits: { paymentStep: 8, paymentMs: 5_000 } })
  const owner = scene.chain.account('charlie.test.near')
  await model(scene.near, scene.contract).set_images(
    { image_hs: [paid.runtime.imageH] },
    { account: accountFromKey(owner.accountId, owner.key.secretKey) },
  )
})
afterAll(async () => {
  for (const client of clients) client.close()
  await paid[Symbol.asyncDispose]()
  await scene.stop()
  await rm(folder, { recursive: true, force: true })
})

const wallet = () => {
  const { accountId, key } = scene.alice
  return modelWallet({ near: scene.near, account: accountFromKey(accountId, key.secretKey), contract: scene.contract })
}
const options = (change: Partial<PayOptions> = {}): PayOptions => ({
  wallet: wallet(),
  provider: scene.bob.accountId,
  deposit: NEAR,
  perRequestLimit: costOf(2000, 2000),
  step: costOf(0, 4),
  ...change,
})
function connect(): { client: Client; openai: OpenAI } {
  const endpoint = paid.runtime.url
  const client = createClient({ endpoint, policy: development(), roots: [simulator.rootDer] })
  clients.push(client)
  return {
    client,
    openai: new OpenAI({ baseURL: `${endpoint}/v1`, apiKey: 'none', fetch: client.fetch, maxRetries: 0 }),
  }
}
const asked = (words: number) => ({
  model: 'tale',
  messages: [{ role: 'user' as const, content: `count to ${words}` }],
})
const streamed = (words: number) => ({
  ...asked(words),
  stream: true as const,
  stream_options: { include_usage: true },
})
async function read(openai: OpenAI, words: number) {
  let text = ''
  let usage: OpenAI.CompletionUsage | null | undefined
  for await (const chunk of await openai.chat.completions.create(streamed(words))) {
    text += chunk.choices[0]?.delta.content ?? ''
    usage = chunk.usage ?? usage
  }
  return { words: text.split(' ').length, usage: usage! }
}

test('an app streams, asks whole, and knows the four amounts; owner and host are paid to the yocto', async () => {
  const { client, openai } = connect()
  const payer = await client.pay(options())
  const seen: bigint[] = []
  payer.onAmounts(({ authorised }) => seen.push(authorised))
  const stream = await read(openai, 100)
  expect(stream).toMatchObject({ words: 100, usage: { completion_tokens: 100 } })
  const first = costOf(stream.usage.prompt_tokens, 100)
  expect(payer.amounts()).toMatchObject({ deposited: NEAR, spent: first, settled: null })
  expect(new Set(seen).size).toBeGreaterThan(10)

  const whole = await openai.chat.completions.create({ ...asked(7), max_tokens: 20 })
  const second = costOf(whole.usage!.prompt_tokens, 7)
  expect(payer.amounts().spent).toBe(first + second)

  const balances = () => [scene.treasury.balance, scene.chain.account(scene.alice.accountId).balance] as const
  const [treasury] = balances()
  expect(await payer.close()).toEqual({ done: true, settled: first + second })
  const prompts = BigInt(stream.usage.prompt_tokens + whole.usage!.prompt_tokens)
  expect(scene.chain.account(scene.treasury.accountId).balance - treasury).toBe(
    prompts * 2n * 10n ** 18n + 107n * 7n * 10n ** 18n,
  )
  expect(await wallet().channel(payer.channelId)).toBe(null)

  const records = await Array.fromAsync(client.receipts.list())
  for (const record of records) {
    const judged = { policy: development(), roots: [simulator.rootDer], now: new Date() }
    expect(await verifyReceiptRecord(record, judged)).toMatchObject({ ok: true })
  }
  expect(records).toHaveLength(2)
})

test('eight at once share a channel, and a limit ends one request alone', async () => {
  const { client, openai } = connect()
  const payer = await client.pay(options({ perRequestLimit: costOf(100, 60) }))
  const words = [20, 21, 22, 23, 24, 300, 26, 27]
  const answers = await Promise.allSettled(words.map((count) => read(openai, count)))
  const found = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.words : answer.reason.code))
  expect(found).toEqual(words.with(5, 'payment_limit_reached' as never))
  const { spent } = payer.amounts()
  const closed = await payer.close()
  expect(closed).toMatchObject({ done: true })
  expect(closed.done && closed.settled! >= spent).toBe(true)
})

test('an unpaid request is told what is missing', async () => {
  const { openai } = connect()
  await expect(openai.chat.completions.create(asked(3))).rejects.toMatchObject({
    status: 402,
    code: 'payment_required',
  })
})

test('a channel outlives its process, is topped up, and the runtime serves it on', async () => {
  const store = fileChannel(join(folder, 'channel.json'))
  const first = connect()
  const payer = await first.client.pay(options({ store, deposit: costOf(100, 100) }))
  await read(first.openai, 30)
  await payer.release()
  const second = connect()
  const again = await second.client.pay(options({ store }))
  expect(again.channelId).toBe(payer.channelId)
  await again.topUp(costOf(100, 300))
  expect((await read(second.openai, 250)).words).toBe(250)
  expect(again.amounts()).toMatchObject({ deposited: costOf(200, 400) })
  expect(await again.close()).toMatchObject({ done: true })
})
