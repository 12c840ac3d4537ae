import { expect, test } from 'vitest'
import { ask, codeOf, disk, World } from '../../test/pay/world.ts'

/** A whole answer costs 3 × 3 + 20 × 8. */
const COST = 169n

test('a stream is paid as it comes, and the application sees the amounts alone', async () => {
  const world = await World.create()
  const client = world.client()
  const payer = await client.pay(world.options())
  const seen: bigint[] = []
  payer.onAmounts(({ authorised }) => seen.push(authorised))
  const text = await (await ask(client)).text()
  expect(text).toContain('word19')
  expect(text).not.toContain('dcml-payment')
  expect(payer.amounts()).toEqual({ deposited: 2000n, authorised: expect.any(BigInt), spent: COST, settled: null })
  const { authorised } = payer.amounts()
  expect(authorised).toBeLessThanOrEqual(COST + 40n + 4n * 8n)
  expect(seen.length).toBeGreaterThan(3)
  expect(seen).toEqual(seen.toSorted((a, b) => Number(a - b)))
  expect(world.enclave.spent(1n)).toBe(COST)
})

test('an answer in one piece is paid before it is made', async () => {
  const world = await World.create()
  const client = world.client()
  const payer = await client.pay(world.options())
  const answer = (await (await ask(client, { stream: false })).json()) as { choices: unknown[] }
  expect(answer.choices).toHaveLength(1)
  expect(world.enclave.calls.filter((target) => target === '/v1/chat/completions')).toHaveLength(2)
  expect(payer.amounts()).toMatchObject({ spent: COST })
})

test('closing pays owner and host to the yocto and returns the rest', async () => {
  const world = await World.create()
  const client = world.client()
  const payer = await client.pay(world.options())
  for (let i = 0; i < 3; i++) await (await ask(client)).text()
  expect(await payer.close()).toEqual({ done: true, settled: 3n * COST })
  expect(payer.amounts()).toMatchObject({ spent: 3n * COST, settled: 3n * COST })
  expect(world.chain.balances.get('alice.test')).toBe(1_000_000n - 3n * COST)
  expect(world.chain.balances.get('owner.test')).toBe(3n * (3n * 2n + 20n * 5n))
  expect(world.chain.total()).toBe(world.total)
  expect(await codeOf(() => ask(client))).toBe('channel_closing')
  expect(await payer.close()).toEqual({ done: true, settled: 3n * COST })
})

test('requests side by side share the channel', async () => {
  const world = await World.create()
  const client = world.client()
  const payer = await client.pay(world.options())
  const texts = await Promise.all(
    Array.from({ length: 6 }, async (_, i) => (await ask(client, { user: `${i}`, stream: i % 3 !== 0 })).text()),
  )
  for (const text of texts) expect(text).toContain('word19')
  expect(payer.amounts()).toMatchObject({ spent: 6n * COST })
  expect(world.enclave.spent(1n)).toBe(6n * COST)
})

test('a deposit that is used up is topped up by hand, or by itself where that was allowed', async () => {
  const world = await World.create()
  const client = world.client()
  const payer = await client.pay(world.options({ deposit: 200n }))
  await (await ask(client)).text()
  expect(await codeOf(() => ask(client, { stream: false }))).toBe('payment_deposit_exhausted')
  expect(await payer.topUp(300n)).toMatchObject({ deposited: 500n })
  await (await ask(client, { stream: false })).text()
  await payer.close()
  const auto = await client.pay(world.options({ deposit: 100n, autoTopUp: { amount: 150n, maxDeposit: 400n } }))
  await (await ask(client)).text()
  await (await ask(client)).text()
  expect(auto.amounts()).toMatchObject({ deposited: 400n, spent: 2n * COST })
  expect(await codeOf(() => ask(client, { stream: false }))).toBe('payment_deposit_exhausted')
})

test('a channel goes on after its process ended', async () => {
  const world = await World.create()
  const store = disk()
  const first = world.client()
  await first.pay(world.options({ store }))
  await (await ask(first)).text()
  const second = world.client()
  const payer = await second.pay(world.options({ store }))
  await (await ask(second)).text()
  expect(payer.amounts()).toMatchObject({ spent: 2n * COST })
  expect(world.chain.opened).toHaveLength(1)
})

test('nothing is added to the deposit for a request that its limit ends', async () => {
  const world = await World.create()
  const client = world.client()
  const autoTopUp = { amount: 10n, maxDeposit: 900_000n }
  const payer = await client.pay(world.options({ deposit: 40n, perRequestLimit: 80n, autoTopUp }))
  world.enclave.patienceMs = 100
  world.enclave.mischief = { demand: (demand) => ({ ...demand, required: 800_000n }) }
  expect(await codeOf(async () => (await ask(client)).text())).toBe('payment_limit_reached')
  expect(payer.amounts().deposited).toBe(40n)
})

test('an amount to top up by is above 0', async () => {
  const world = await World.create()
  for (const amount of [0n, -5n]) {
    const autoTopUp = { amount, maxDeposit: 400n }
    expect(await codeOf(() => world.client().pay(world.options({ autoTopUp })))).toBe('payment_policy_invalid')
  }
  expect(world.chain.opened).toEqual([])
})
