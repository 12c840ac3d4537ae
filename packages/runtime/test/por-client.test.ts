// A client whose enclave is reached by relays alone: OpenAI's SDK, payment and receipts as over TLS.
import { development } from '@dcml/attestation'
import {
  type Client,
  createClient,
  createPorClient,
  memoryChannel,
  type PorRequester,
  verifyReceiptRecord,
} from '@dcml/client'
import { accountFromKey } from '@dcml/near'
import { model, modelWallet } from '@dcml/near/model'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type PorHandler, runtimeHandlers } from '../src/index.ts'
import { serving, simulator } from './harness.ts'
import { costOf, NEAR, type PaidRuntime, type PaidScene, servePaid, startScene } from './paid.ts'
import { about } from './por.ts'

let scene: PaidScene
let paid: PaidRuntime
const clients: Client[] = []
beforeAll(async () => {
  scene = await startScene()
  paid = await servePaid(scene)
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
})

type Answer = Awaited<ReturnType<PorHandler>>

/** A network with nothing between: what a node would sign is taken as it is. */
function over(
  handlers: () => Record<string, PorHandler>,
  relay = (_app: string, answer: Answer): Answer | 'cut' => answer,
) {
  const apps: string[] = []
  const ask: PorRequester['request'] = async (_target, payload, { app, signal }) => {
    signal?.throwIfAborted()
    apps.push(app)
    const answer = relay(app, await handlers()[app]!(payload, about))
    return answer === 'cut' ? { broken: null } : { response: { ...answer, proof: {} as never } }
  }
  return { apps, requester: { request: ask, isolate: () => Promise.reject(new Error('not asked')) } }
}

function connect(requester: PorRequester, endpoint = paid.runtime.url) {
  const common = { endpoint, policy: development(), roots: [simulator.rootDer] }
  const terms = { maxCost: 1n, budget: 60_000 }
  const client = createPorClient({ ...common, requester, target: 'bob.near', terms })
  clients.push(client)
  const openai = new OpenAI({ baseURL: `${endpoint}/v1`, apiKey: 'none', fetch: client.fetch, maxRetries: 0 })
  return { client, openai }
}
const asked = (words: number) => ({
  model: 'tale',
  messages: [{ role: 'user' as const, content: `count to ${words}` }],
  max_tokens: words + 10,
})
const handlersOf = ({ url }: { readonly url: string }) => {
  const handlers = runtimeHandlers({ runtime: url })
  return () => handlers
}

test('a channel that was opened over TLS is paid from over relays, and closed there, to the yocto', async () => {
  const store = memoryChannel()
  const { accountId, key } = scene.alice
  const wallet = modelWallet({
    near: scene.near,
    account: accountFromKey(accountId, key.secretKey),
    contract: scene.contract,
  })
  const near = createClient({ endpoint: paid.runtime.url, policy: development(), roots: [simulator.rootDer] })
  clients.push(near)
  const limits = { deposit: NEAR, perRequestLimit: costOf(2000, 2000), step: costOf(0, 4) }
  await (await near.pay({ wallet, store, provider: scene.bob.accountId, ...limits })).release()

  const { apps, requester } = over(handlersOf(paid.runtime))
  const { client, openai } = connect(requester)
  const payer = await client.resumeChannel({ store, wallet })
  let spent = 0n
  for (const words of [5, 40]) {
    const { usage, choices } = await openai.chat.completions.create(asked(words))
    expect(choices[0]!.message.content!.split(' ')).toHaveLength(words)
    spent += costOf(usage!.prompt_tokens, words)
    expect(payer.amounts().spent).toBe(spent)
  }
  for await (const record of client.receipts.list()) {
    const judged = { policy: development(), roots: [simulator.rootDer], now: new Date() }
    expect(await verifyReceiptRecord(record, judged)).toMatchObject({ ok: true })
  }
  expect(await payer.close()).toEqual({ done: true, settled: spent })
  expect(new Set(apps)).toEqual(new Set(['dcml/evidence', 'dcml/sealed']))
  expect(apps.filter((app) => app === 'dcml/evidence')).toHaveLength(1)
})

test('without a channel, the enclave says what is missing', async () => {
  const { openai } = connect(over(handlersOf(paid.runtime)).requester)
  await expect(openai.chat.completions.create(asked(3))).rejects.toMatchObject({
    status: 402,
    code: 'payment_required',
  })
})

test('evidence is fresh, or nothing is sent', async () => {
  const { client } = connect(over(handlersOf(paid.runtime)).requester)
  expect((await client.evidence()).claims.sessionKey).toEqual(paid.runtime.sessionKey)
  let first: Answer | undefined
  const replayed = over(handlersOf(paid.runtime), (app, answer) => {
    if (app !== 'dcml/evidence') return answer
    first ??= answer
    return first
  })
  await connect(replayed.requester).client.evidence()
  await expect(connect(replayed.requester).client.evidence()).rejects.toMatchObject({ code: 'attestation_refused' })
  expect(replayed.apps).toEqual(['dcml/evidence', 'dcml/sealed', 'dcml/evidence'])
})

test('an enclave that started anew is asked for new evidence', async () => {
  await using before = await serving()
  await using after = await serving()
  let now = before.runtime
  const lines = new Map([before, after].map(({ runtime }) => [runtime, runtimeHandlers({ runtime: runtime.url })]))
  const { apps, requester } = over(() => lines.get(now)!)
  const { openai } = connect(requester, before.runtime.url)
  await openai.chat.completions.create(asked(2))
  now = after.runtime
  await expect(openai.chat.completions.create(asked(2))).rejects.toThrow()
  expect((await openai.chat.completions.create(asked(2))).choices).toHaveLength(1)
  expect(apps).toEqual(['dcml/evidence', 'dcml/sealed', 'dcml/sealed', 'dcml/evidence', 'dcml/sealed'])
})

test('what does not travel so is refused before anything is sent; a cut edge and a closed client are told by name', async () => {
  await using free = await serving()
  const line = handlersOf(free.runtime)
  const { client } = connect(over(line).requester, free.runtime.url)
  const post = (path: string, body: object) => client.fetch(path, { method: 'POST', body: JSON.stringify(body) })
  await expect(post('/v1/embeddings', {})).rejects.toMatchObject({ code: 'por_call_unsupported' })
  await expect(client.fetch('/v1/models')).rejects.toMatchObject({ code: 'por_call_unsupported' })
  const streamed = await post('/v1/chat/completions', { ...asked(2), stream: true })
  expect(await streamed.json()).toMatchObject({ error: { code: 'por_streamed' } })

  const cut = connect(over(line, () => 'cut').requester, free.runtime.url)
  await expect(cut.client.evidence()).rejects.toMatchObject({ code: 'por_broken', retryable: true })
  const late = connect(over(line).requester, free.runtime.url)
  late.client.close()
  await expect(late.client.evidence()).rejects.toMatchObject({ code: 'client_closed' })
})
