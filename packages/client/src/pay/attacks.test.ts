// Stories of an enclave, a host or a contract that wants more than it is owed. Each is refused by name.
import { fromHex, type Receipt } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { FEE, HOUR, prices } from '../../test/pay/fake-chain.ts'
import type { Mischief } from '../../test/pay/fake-enclave.ts'
import { FakeEnclave } from '../../test/pay/fake-enclave.ts'
import { ask, codeOf, disk, World } from '../../test/pay/world.ts'
import type { PayOptions } from './options.ts'

const COST = 169n
const zeros = new Uint8Array(32)

async function paying(mischief: Mischief = {}, change: Partial<PayOptions> = {}) {
  const world = await World.create()
  const client = world.client()
  const payer = await client.pay(world.options(change))
  world.enclave.mischief = mischief
  return { world, client, payer }
}

const readAll = async (response: Promise<Response>): Promise<string> => (await response).text()

test('nothing is deposited where enclave, contract and host do not belong together', async () => {
  const wrong: [string, Mischief, string][] = [
    ['payment_not_offered', { manifest: { trustRoot: undefined } as never }, 'no payment'],
    ['payment_enclave_mismatch', { manifest: { network: { networkId: 'x', contract: 'model.test' } } }, 'the image'],
    ['payment_enclave_mismatch', { manifest: { models: ['00'.repeat(32)] } }, 'model of the image'],
    ['payment_enclave_mismatch', { challenge: (a) => ({ ...a, contract: 'other.test' }) }, 'of the challenge'],
    ['payment_enclave_mismatch', { challenge: (a) => ({ ...a, sessionKey: zeros }) }, 'session key'],
    ['payment_enclave_mismatch', { challenge: (a) => ({ ...a, modelH: zeros }) }, 'model of the contract'],
    ['payment_enclave_mismatch', { challenge: (a) => ({ ...a, keyEpoch: 1n }) }, 'key epoch'],
    ['payment_challenge_expired', { challenge: (a) => ({ ...a, validUntil: 0 }) }, 'expired'],
  ]
  for (const [code, mischief, text] of wrong) {
    const world = await World.create()
    world.enclave.mischief = mischief
    const refused = world.client().pay(world.options())
    await expect(refused, text).rejects.toMatchObject({ code, message: expect.stringContaining(text) })
    expect(world.chain.opened).toEqual([])
  }
})

test('nor with a host that is unknown, has too little collateral, or does not answer for the enclave', async () => {
  const world = await World.create()
  const pay = (change: Partial<PayOptions> = {}) => codeOf(() => world.client().pay(world.options(change)))
  expect(await pay({ provider: 'eve.test' })).toBe('payment_provider_unfit')
  expect(await pay({ deposit: 2_000_000n })).toBe('payment_provider_unfit')
  world.chain.sessions.clear()
  expect(await pay()).toBe('payment_provider_unfit')
  world.chain.imageHs = [zeros, ...world.chain.imageHs]
  expect(await pay({ step: 401n })).toBe('payment_policy_invalid')
  expect(await pay({ deposit: 0n })).toBe('payment_policy_invalid')
  expect(world.chain.opened).toEqual([])
})

test('an image that the owner does not accept is not paid', async () => {
  const world = await World.create()
  const wallet = world.chain.wallet()
  const strict = { ...wallet, terms: async () => ({ ...(await wallet.terms()), imageHs: [zeros] }) }
  await expect(world.client().pay(world.options({ wallet: strict }))).rejects.toMatchObject({
    code: 'payment_enclave_mismatch',
    message: expect.stringContaining('image, which the owner does not accept'),
  })
})

test('no deposit goes where a silent host could shut it in for longer than agreed to', async () => {
  const world = await World.create()
  const wallet = world.chain.wallet()
  const century = { ...wallet, terms: async () => ({ ...(await wallet.terms()), challengePeriodMs: 876_000 * HOUR }) }
  const pay = (change: object) => codeOf(() => world.client().pay(world.options({ wallet: century, ...change })))
  expect(await pay({})).toBe('payment_period_above_limit')
  expect(world.chain.opened).toEqual([])
  expect(await codeOf(() => world.client().pay(world.options({ maxChallengePeriodMs: HOUR - 1 })))).toBe(
    'payment_period_above_limit',
  )
  expect(await pay({ maxChallengePeriodMs: 876_000 * HOUR })).toBe('none')
})

test('a price above what was agreed to, shown or slipped in at the opening, is refused', async () => {
  const world = await World.create()
  const maxPrices = { ...prices, hostOutput: 2n }
  expect(await codeOf(() => world.client().pay(world.options({ maxPrices })))).toBe('payment_price_above_limit')
  const wallet = world.chain.wallet()
  const raising: typeof wallet = {
    ...wallet,
    open: (...args) => {
      world.chain.offers = { ...prices, ownerOutput: 6n }
      return wallet.open(...args)
    },
  }
  await expect(world.client().pay(world.options({ wallet: raising }))).rejects.toThrow('above what was agreed')
  expect(world.chain.opened).toEqual([])
  expect(world.chain.balances.get('alice.test')).toBe(1_000_000n)
})

test('a receipt that charges more than its tokens cost is refused, and nothing is paid afterwards', async () => {
  const overcharges: [string, Mischief][] = [
    ['receipt_overcharged', { receipt: (f) => ({ ...f, spent: f.spent + 1n }) }],
    // prices of another day
    ['receipt_overcharged', { receipt: (f) => ({ ...f, spent: (f.spent * 11n) / 10n }) }],
    // more tokens than were asked for, in receipt and answer alike
    ['receipt_overcharged', { usage: 21, receipt: (f) => ({ ...f, completionTokens: 21, spent: f.spent + 8n }) }],
    ['receipt_overcharged', { receipt: (f) => ({ ...f, spent: f.spent - 1n }) }],
    ['receipt_invalid', { receipt: (f) => ({ ...f, channelId: zeros }) }],
    ['receipt_invalid', { receipt: (f) => ({ ...f, completionTokens: 21 }) }],
  ]
  for (const [code, mischief] of overcharges) {
    const { world, client, payer } = await paying(mischief)
    expect(await codeOf(() => readAll(ask(client)))).toBe(code)
    expect(payer.amounts().spent).toBe(0n)
    const before = world.enclave.vouchers.length
    if (code === 'receipt_overcharged') {
      expect(await codeOf(() => ask(client))).toBe(code)
      expect(world.enclave.vouchers).toHaveLength(before)
    }
    world.enclave.mischief = {}
    expect(await payer.close()).toMatchObject({ done: true, settled: COST })
    expect(world.chain.total()).toBe(world.total)
  }
})

test('tokens that nothing shown can have cost are refused where no limit was asked for', async () => {
  const inflate = (tokens: number): Mischief => ({
    usage: tokens,
    receipt: (f) => ({ ...f, completionTokens: tokens, spent: 9n + BigInt(tokens) * 8n }),
  })
  const body = { max_tokens: undefined }
  const { client } = await paying(inflate(600), { perRequestLimit: 10_000n, step: 10_000n, deposit: 10_000n })
  await expect(readAll(ask(client, body))).rejects.toMatchObject({
    code: 'receipt_overcharged',
    message: 'The receipt counts more tokens than there were.',
  })
})

test('spent that goes down, and a receipt of another time, are refused', async () => {
  const { world, client, payer } = await paying()
  await readAll(ask(client))
  world.enclave.mischief = { receipt: (f) => ({ ...f, spent: f.spent - COST - 1n }) }
  expect(await codeOf(() => readAll(ask(client)))).toBe('receipt_spent_fell')
  expect(payer.amounts().spent).toBe(COST)
  const other = await paying()
  await readAll(ask(other.client))
  other.world.enclave.mischief = { receipt: (f: Omit<Receipt, 'domain'>) => ({ ...f, sequence: 1n }) }
  expect(await codeOf(() => readAll(ask(other.client)))).toBe('receipt_invalid')
})

test('a demand beyond the limit of a request ends it, with what was paid for', async () => {
  const { world, client, payer } = await paying({}, { perRequestLimit: 100n, step: 40n })
  world.enclave.patienceMs = 100
  const response = await ask(client)
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const read = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      text += value
    }
  }
  expect(await codeOf(read)).toBe('payment_limit_reached')
  // 3 × 3 + 11 × 8 = 97
  expect(text).toContain('word10"')
  expect(text).not.toContain('word11"')
  expect(payer.amounts().authorised).toBeLessThanOrEqual(100n)
  expect(await codeOf(() => ask(client, { stream: false }))).toBe('payment_limit_reached')
})

test('a demand that contradicts what was paid and received ends all payment', async () => {
  const lies: Mischief['demand'][] = [
    (d) => ({ ...d, channelId: 2n }),
    (d) => ({ ...d, spent: COST - 1n, reserved: 0n }),
    (d) => ({ ...d, authorised: d.authorised - 1n }),
    (d) => ({ ...d, authorised: d.authorised + 1n }),
    (d) => ({ ...d, reserved: d.authorised }),
    ({ request, ...d }) => ({ ...d, required: d.authorised }),
    (d) => ({ ...d, required: d.authorised, request: { ...d.request!, allowed: d.request!.required } }),
  ]
  for (const demand of lies)
    for (const stream of [true, false]) {
      const { world, client, payer } = await paying()
      await readAll(ask(client))
      world.enclave.mischief = { demand: demand! }
      expect(await codeOf(() => readAll(ask(client, { stream })))).toBe('payment_demand_wrong')
      expect(await codeOf(() => ask(client))).toBe('payment_demand_wrong')
      world.enclave.mischief = {}
      expect(await payer.close()).toMatchObject({ done: true })
    }
})

test('vouchers that are swallowed are told from those that are taken', async () => {
  const { client } = await paying({ swallows: true })
  expect(await codeOf(() => readAll(ask(client)))).toBe('payment_voucher_ignored')
  expect(await codeOf(() => ask(client))).toBe('payment_voucher_ignored')
})

test('a reader who leaves pays for what came, and no request after it pays more than its limit', async () => {
  const { world, client, payer } = await paying()
  const reader = (await ask(client)).body!.getReader()
  await reader.read()
  await reader.read()
  await reader.cancel()
  const cost = world.enclave.spent(1n)
  expect(cost).toBeLessThan(COST)
  await readAll(ask(client))
  expect(payer.amounts().spent).toBe(cost + COST)
  expect(await payer.close()).toEqual({ done: true, settled: cost + COST })
})

test('another enclave in the place of the one that was paid gets nothing', async () => {
  const { world, payer, client } = await paying()
  const other = await FakeEnclave.start(world.chain)
  const store = disk()
  await payer.release()
  const first = world.client()
  const mine = await first.pay(world.options({ store }))
  await mine.release()
  const moved = world.client(other.transport())
  await moved.resumeChannel({ store, wallet: world.chain.wallet() })
  expect(await codeOf(() => ask(moved))).toBe('payment_enclave_changed')
  expect(await codeOf(() => ask(client))).toBe('none')
})

test('of two processes with one channel the one that is behind is told so', async () => {
  const world = await World.create()
  const store = disk()
  const first = world.client()
  await first.pay(world.options({ store }))
  const copy = disk()
  const { state, key } = await store.load()
  await copy.saveState(state!)
  await copy.saveKey(key!)
  await readAll(ask(first))
  const second = world.client()
  await second.resumeChannel({ store: copy })
  expect(await codeOf(() => ask(second))).toBe('channel_used_elsewhere')
})

test('a voucher leaves only after the state with it was kept', async () => {
  const world = await World.create()
  const store = disk()
  let kept = 0n
  const watched: typeof store = {
    ...store,
    saveState: async (state) => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      await store.saveState(state)
      kept = BigInt(JSON.parse(state).payer?.authorised ?? '0')
    },
  }
  const early: bigint[] = []
  world.enclave.onVoucher = (authorised) => {
    if (authorised > kept) early.push(authorised)
  }
  const client = world.client()
  await client.pay(world.options({ store: watched }))
  await Promise.all([readAll(ask(client)), readAll(ask(client, { stream: false }))])
  expect(early).toEqual([])
  const full: typeof store = { ...store, saveState: () => Promise.reject(new Error('disk full')) }
  const other = world.client()
  expect(await codeOf(() => other.pay(world.options({ store: full })))).toBe('channel_store_failed')
  expect(world.chain.opened).toHaveLength(1)
})

test('an approval of too much is not submitted: the contract decides', async () => {
  const inflated: [string, Mischief['approval']][] = [
    ['approval_overcharged', (f) => ({ ...f, completionTokens: f.completionTokens + 100n, spent: f.spent + 800n })],
    ['approval_wrong_sum', (f) => ({ ...f, spent: f.spent + 1n })],
    ['approval_foreign', (f) => ({ ...f, challenge: fromHex('ab'.repeat(32), 32) })],
  ]
  for (const [code, approval] of inflated) {
    const { world, client, payer } = await paying({ approval: approval! })
    await readAll(ask(client))
    const first = await payer.close()
    expect(first).toMatchObject({ done: false, why: { code } })
    world.now += HOUR
    const second = await payer.close()
    // one that signed too much is not asked again
    if (code !== 'approval_overcharged') expect(second).toMatchObject({ done: false, next: 'finish-close' })
    world.now += HOUR
    expect(await payer.close()).toEqual({ done: true, settled: 0n })
    expect(world.chain.balances.get('alice.test')).toBe(1_000_000n)
    expect(world.chain.total()).toBe(world.total)
  }
})

test('a silent host costs the challenge period and nothing else', async () => {
  const { world, client, payer } = await paying({ silent: true })
  await readAll(ask(client))
  const waiting = await payer.close({ patienceMs: 60_000 })
  expect(waiting).toEqual({ done: false, next: 'ask-approval', at: world.now + 5000, why: expect.anything() })
  expect(world.chain.balances.get('alice.test')).toBe(998_000n)
  world.now += 60_000
  const started = await payer.close({ patienceMs: 60_000 })
  expect(started).toMatchObject({ done: false, next: 'finish-close', at: world.now + HOUR + 1 })
  expect(world.chain.balances.get('alice.test')).toBe(998_000n - FEE)
  world.now += HOUR + 1
  expect(await payer.close({ patienceMs: 60_000 })).toEqual({ done: true, settled: 0n })
  expect(payer.amounts()).toMatchObject({ settled: 0n, spent: COST })
  expect(world.chain.balances.get('alice.test')).toBe(1_000_000n)
  expect(world.chain.balances.get('owner.test')).toBe(2000n)
})

test('a channel that somebody else closed is done, and what it settled stands on chain', async () => {
  const store = disk()
  const { world, client, payer } = await paying({ silent: true }, { store })
  await readAll(ask(client))
  await payer.release()
  const host = world.client()
  world.enclave.mischief = {}
  const copy = disk()
  const { state, key } = await store.load()
  await copy.saveState(state!)
  await copy.saveKey(key!)
  await (await host.resumeChannel({ store: copy, wallet: world.chain.wallet() })).close()
  world.enclave.mischief = { silent: true }
  const again = await world.client().resumeChannel({ store, wallet: world.chain.wallet() })
  expect(await again.close()).toEqual({ done: true, settled: null })
})
