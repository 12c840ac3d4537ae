// Whoever would rather not pay, or be paid twice: each is refused by name, and nothing has changed afterwards.
import {
  type Bundle,
  demandDetails,
  formatWire,
  MAX_BUNDLE_BLOCKS,
  PAYMENT_CALLS,
  readOpened,
  readWire,
  VOUCHER_HEADER,
  wire,
} from '@dcml/channels'
import { accountFromKey } from '@dcml/near'
import { modelProvider, modelWallet } from '@dcml/near/model'
import {
  detachDcml,
  formatClosureRequest,
  formatVoucher,
  parseApproval,
  signClosureRequest,
  signVoucher,
} from '@dcml/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Script } from '../src/testing.ts'
import { counting, eventually } from './harness.ts'
import {
  costOf,
  deployModel,
  errorOf,
  NEAR,
  namedKey,
  type PaidChannel,
  type PaidRuntime,
  type PaidScene,
  prices,
  readStream,
  servePaid,
  startScene,
} from './paid.ts'

let scene: PaidScene
let paid: PaidRuntime
let channel: PaidChannel
/** What the enclave's clock is off by, in ms. */
let skew = 0
/** Times the engine was asked. */
let runs = 0
let gate = Promise.withResolvers<void>()

const script: Script = (prompt, request) => {
  runs++
  if (prompt.startsWith('slowly')) return { tokens: slowly() }
  return counting(prompt, request)
}
async function* slowly() {
  for (let i = 0; i < 10; i++) yield ` w${i}`
  await gate.promise
  for (let i = 10; i < 20; i++) yield ` w${i}`
}

beforeAll(async () => {
  scene = await startScene()
  paid = await servePaid(scene, {
    script,
    clock: () => Date.now() + skew,
    limits: { paymentMs: 60_000, paymentStep: 8 },
  })
  channel = await paid.open()
})
afterAll(async () => {
  await paid[Symbol.asyncDispose]()
  await scene.stop()
})

const stream = (n: number) => ({ prompt: `count ${n}`, stream: true })
const codeOf = async (response: Promise<Response>) => (await errorOf(await response)).code
const complete = (authorised: bigint, body: object = stream(5), of: PaidChannel = channel) =>
  paid.complete(of, authorised, body)
const withVoucher = (voucher: string) =>
  paid.fetch(`${paid.runtime.url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [VOUCHER_HEADER]: voucher },
    body: JSON.stringify(stream(5)),
  })
const establish = (bundle: Bundle) => paid.call(PAYMENT_CALLS.establish, formatWire(bundle))
const amounts = async (of: PaidChannel, authorised: bigint) =>
  readWire(wire.amounts, await paid.ask(PAYMENT_CALLS.acceptVoucher, { voucher: await of.voucher(authorised) }))

test('without a voucher there is no answer, and a 402 that an x402 client can read', async () => {
  const before = runs
  const response = await paid.complete(undefined, 0n, stream(5))
  expect(response.status).toBe(402)
  const body = (await response.json()) as Record<string, never>
  expect(body).toMatchObject({
    error: { code: 'payment_required', type: 'payment_required', details: {} },
    x402Version: 1,
    accepts: [{ scheme: 'dcml-channel', payTo: scene.contract, asset: 'slip44:397', maxAmountRequired: '0' }],
  })
  const header = JSON.parse(Buffer.from(response.headers.get('payment-required')!, 'base64').toString())
  expect(header).toMatchObject({
    x402Version: 2,
    resource: { url: expect.stringContaining('/v1/completions') },
    accepts: [{ network: `near:${scene.chain.settings.chainId}`, amount: '0', maxTimeoutSeconds: 60 }],
  })
  // enough for nothing: told before the engine is asked
  const poor = await complete(costOf(1, 1) - 1n)
  expect(poor.status).toBe(402)
  const { error, accepts } = (await poor.json()) as { error: { details: object }; accepts: [{ extra: object }] }
  const demand = readWire(wire.demand, error.details)
  expect(demand).toMatchObject({ channelId: channel.terms.channelId, required: costOf(1, 1), exhausted: false })
  expect(accepts[0]).toMatchObject({ maxAmountRequired: '1', extra: demandDetails(demand) })
  expect(runs).toBe(before)
  // prompts are longer than a token: told once the engine has counted, before it works
  expect(await codeOf(complete(costOf(1, 1)))).toBe('payment_required')
})

test("another's voucher, a forged one and an outdated one buy nothing", async () => {
  const other = await paid.open()
  const { chain, channelId } = channel.terms
  const fields = { channelId, authorised: NEAR / 2n }
  // her own key, on a channel that is not hers
  expect(await codeOf(withVoucher(formatVoucher(await signVoucher(chain, fields, other.key))))).toBe('voucher_foreign')
  const posed = await signVoucher(chain, fields, { publicKey: channel.key.publicKey, sign: other.key.sign })
  expect(await codeOf(withVoucher(formatVoucher(posed)))).toBe('voucher_forged')
  const elsewhere = await signVoucher({ ...chain, contract: 'other' }, fields, channel.key)
  expect(await codeOf(withVoucher(formatVoucher(elsewhere)))).toBe('voucher_foreign')
  expect(await codeOf(withVoucher('nonsense'))).toBe('voucher_malformed')
  expect(await codeOf(complete(NEAR + 1n))).toBe('voucher_beyond_deposit')
  // whoever is not the payer does not hear how much was authorised
  const guess = await signVoucher(chain, { ...fields, authorised: 0n }, other.key)
  expect(await codeOf(withVoucher(formatVoucher(guess)))).toBe('voucher_foreign')
  const unknown = await signVoucher(chain, { ...fields, channelId: 99n }, channel.key)
  expect(await codeOf(withVoucher(formatVoucher(unknown)))).toBe('channel_unknown')
  expect((await amounts(channel, costOf(1, 1))).authorised).toBe(costOf(1, 1))
})

test('a voucher is good once for what it authorises, and a lower one for nothing', async () => {
  const spender = await paid.open()
  const best = costOf(2, 5)
  expect((await readStream(await complete(best, stream(5), spender))).payloads.at(-1)).toBe('[DONE]')
  const replayed = await complete(best, stream(5), spender)
  expect(replayed.status).toBe(402)
  expect((await errorOf(replayed)).details).toMatchObject({ spent: `${best}`, required: `${best + costOf(1, 1)}` })
  const stale = await complete(best - 1n, stream(5), spender)
  expect([stale.status, (await errorOf(stale)).code]).toEqual([409, 'voucher_stale'])
})

test('a forged proof takes up no channel', async () => {
  const made = await paid.open({ establish: false })
  const forged: [string, (bundle: Bundle) => unknown][] = [
    [
      'event_receipt_outcome',
      (b) =>
        spoil(b, 'proof.outcomes.1.outcome_proof.outcome.logs.0', (log: string) =>
          log.replace(/"deposited":"\d+"/, `"deposited":"${NEAR * 9n}"`),
        ),
    ],
    ['event_transaction_link', (b) => spoil(b, 'proof.transaction', (text: string) => text.replace(/^..../, 'AAAA'))],
    ['block_approvals', (b) => spoil(b, 'blocks.0.inner_lite.height', (height: number) => height + 1)],
    ['block_stake', (b) => spoil(b, 'blocks.0.approvals_after_next', (all: unknown[]) => all.map(() => null))],
    ['near_block_invalid', (b) => ({ ...b, blocks: [{}] })],
    ['request_invalid', (b) => ({ ...b, blocks: Array(MAX_BUNDLE_BLOCKS + 1).fill({}) })],
    ['light_client_head_unknown', (b) => ({ ...b, from: '1'.repeat(32) })],
  ]
  for (const [code, change] of forged) {
    const response = await paid.call(PAYMENT_CALLS.establish, JSON.stringify(change(made.bundle)))
    const said = (await errorOf(response)).code
    if (code === 'event_transaction_link') expect(said).toMatch(/^event_/)
    else expect(said).toBe(code)
  }
  const huge = { ...made.bundle, blocks: ['x'.repeat(1_600_000)] }
  expect(await codeOf(paid.call(PAYMENT_CALLS.establish, JSON.stringify(huge)))).toBe('request_too_large')
  expect(await codeOf(complete(1n, stream(5), made))).toBe('channel_unknown')
  expect((await establish(made.bundle)).status).toBe(200)
  // twice is once
  expect((await establish(made.bundle)).status).toBe(200)
})

/** A copy with one place changed. */
function spoil(bundle: Bundle, path: string, change: (value: never) => unknown): unknown {
  const copy = structuredClone(bundle) as never
  const keys = path.split('.')
  const last = keys.pop()!
  const holder = keys.reduce((at: Record<string, never>, key) => at[key]!, copy) as Record<string, unknown>
  expect(holder[last]).toBeDefined()
  holder[last] = change(holder[last] as never)
  return copy
}

test('the same code at another contract, and an opening for another enclave, count nothing here', async () => {
  const { chain } = scene
  const [owner, treasury] = [chain.account('charlie'), chain.account('treasury')]
  const fake = deployModel(chain, 'cheap', owner, treasury)
  const account = (name: 'alice' | 'bob') => accountFromKey(scene[name].accountId, scene[name].key.secretKey)
  const host = modelProvider({ near: scene.near, account: account('bob'), contract: fake.accountId })
  const offer = { endpoint: '', hostInput: prices.hostInput, hostOutput: prices.hostOutput, porAccount: null }
  await host.register({ ...offer, collateral: 10n * NEAR })
  await host.admit(paid.runtime.sessionKey)
  const stranger = namedKey('another enclave')
  await modelProvider({ near: scene.near, account: account('bob'), contract: scene.contract }).admit(stranger.publicKey)
  const open = async (contract: string, sessionKey: Uint8Array) => {
    const wallet = modelWallet({ near: scene.near, account: account('alice'), contract })
    const { challenge } = readWire(wire.challenge, await paid.ask(PAYMENT_CALLS.getChallenge, {}))
    const wanted = { provider: 'bob', challenge, sessionKey, payerKey: namedKey('x').publicKey, deposit: NEAR }
    const opening = await wallet.open({ ...wanted, provider: scene.bob.accountId, maxPrices: prices })
    return (await wallet.prove(opening, await paid.head())) as Bundle
  }
  expect(await codeOf(establish(await open(fake.accountId, paid.runtime.sessionKey)))).toBe('event_contract')
  expect(await codeOf(establish(await open(scene.contract, stranger.publicKey)))).toBe('channel_not_ours')
})

test("stolen-session: who admits the key of another's enclave gets no share of what it serves", async () => {
  const mallory = scene.chain.root.createAccount('mallory', { balance: 100n * NEAR })
  const account = accountFromKey(mallory.accountId, mallory.key.secretKey)
  const host = modelProvider({ near: scene.near, account, contract: scene.contract })
  const offer = { endpoint: '', hostInput: prices.hostInput, hostOutput: prices.hostOutput, porAccount: null }
  await host.register({ ...offer, collateral: 10n * NEAR })
  await host.admit(paid.runtime.sessionKey)
  const { challenge } = readWire(wire.challenge, await paid.ask(PAYMENT_CALLS.getChallenge, {}))
  const key = namedKey('fooled')
  const opening = await paid.wallet.open({
    ...{ provider: mallory.accountId, challenge, sessionKey: paid.runtime.sessionKey },
    ...{ payerKey: key.publicKey, deposit: NEAR, maxPrices: prices },
  })
  const bundle = (await paid.wallet.prove(opening, await paid.head())) as Bundle
  expect(await codeOf(establish(bundle))).toBe('channel_not_ours')
  // nobody loses by it: the payer has everything back, and the stranger its lock
  const { terms } = readOpened(opening.events[0]!, { ...channel.terms.chain })
  const request = formatClosureRequest(await signClosureRequest(terms.chain, { channelId: terms.channelId }, key))
  const { approval } = await paid.ask(PAYMENT_CALLS.requestClosure, formatWire({ request, opening: bundle }))
  expect(parseApproval(approval!).approval.spent).toBe(0n)
})

test('a stranger ends no channel', async () => {
  const { chain, channelId } = channel.terms
  const mallory = namedKey('mallory')
  const ask = async (signer: typeof mallory) => {
    const request = formatClosureRequest(await signClosureRequest(chain, { channelId }, signer))
    return codeOf(paid.call(PAYMENT_CALLS.requestClosure, { request }))
  }
  expect(await ask(mallory)).toBe('closure_request_foreign')
  expect(await ask({ publicKey: channel.key.publicKey, sign: mallory.sign })).toBe('closure_request_forged')
  // a proof of another event is no proof of a forced closure
  const opening = (await paid.wallet.prove(channel.opening, await paid.head())) as Bundle
  expect(await codeOf(paid.call(PAYMENT_CALLS.answerClosure, formatWire(opening)))).toBe('event_event')
  expect(await codeOf(paid.call(PAYMENT_CALLS.forget, formatWire(opening)))).toBe('event_event')
  expect(await amounts(channel, costOf(1, 1))).toMatchObject({ spent: 0n })
})

test('two requests at once are not promised the same money', async () => {
  const payer = await paid.open()
  gate = Promise.withResolvers()
  const enough = costOf(2, 20)
  const body = { prompt: 'slowly 1', max_tokens: 20 }
  const before = runs
  const first = complete(enough, body, payer)
  await eventually(() => expect(runs).toBe(before + 1))
  const second = await complete(enough, body, payer)
  expect([second.status, runs]).toEqual([402, before + 1])
  expect((await errorOf(second)).details).toMatchObject({ spent: '0', reserved: `${enough}` })
  gate.resolve()
  const text = await (await first).text()
  expect(detachDcml(text).field).toBeDefined()
  expect((await amounts(payer, enough)).spent).toBe(enough)
})

test('a proof that is old, or from an old head, brings no money in', async () => {
  const made = await paid.open({ establish: false })
  skew = 11 * 60_000
  expect(await codeOf(establish(made.bundle))).toBe('event_head_fresh')
  skew = 0
  // a young head over an old event
  scene.chain.advanceTime(11 * 60_000)
  skew = 11 * 60_000
  scene.chain.mine(5)
  const late = (await paid.wallet.prove(made.opening, await paid.head())) as Bundle
  expect(await codeOf(establish(late))).toBe('event_event_age')
  expect(await codeOf(complete(1n, stream(5), made))).toBe('channel_unknown')
})
