import { buildContract } from '@dcml/contract-build'
import type { NearAccount, TransactionResult, Worker } from 'near-workspaces'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { startWorker } from './sandbox.ts'

const FEE = 10n ** 22n
const NEAR = 10n ** 24n
const gas = 300n * 10n ** 12n

let worker: Worker
let wasm: Uint8Array
let alice: NearAccount
let owner: NearAccount
let hello: NearAccount
let other: NearAccount

beforeAll(async () => {
  // near-api-js 5 prints every receipt
  for (const level of ['log', 'warn', 'error'] as const) vi.spyOn(console, level).mockReturnValue()
  ;[worker, { wasm }] = await Promise.all([
    startWorker(),
    buildContract({ entry: new URL('../src/hello.ts', import.meta.url).pathname }),
  ])
  const root = worker.rootAccount
  alice = await root.createSubAccount('alice', { initialBalance: 100n * NEAR })
  owner = await root.createSubAccount('owner', { initialBalance: 10n * NEAR })
})
afterAll(() => worker?.tearDown())

/** A contract on a new account, opened by that account as `open` demands. */
async function deployed(): Promise<NearAccount> {
  const account = await worker.rootAccount.devDeploy(Buffer.from(wasm), { initialBalance: 10n * NEAR })
  await account.call(account, 'open', { owner: owner.accountId })
  return account
}

beforeEach(async () => {
  ;[hello, other] = [await deployed(), await deployed()]
})

const total = async (account: NearAccount) => BigInt((await account.balance()).total)
const events = ({ logs }: TransactionResult) =>
  logs.map((line) => {
    expect(line.startsWith('EVENT_JSON:')).toBe(true)
    const { standard, version, event, data } = JSON.parse(line.slice('EVENT_JSON:'.length))
    expect([standard, version]).toEqual(['dcml_hello', '1.0.0'])
    return [event, data]
  })

const ask = (attachedDeposit = FEE) => alice.callRaw(hello, 'ask', { other: other.accountId }, { attachedDeposit, gas })
const purse = async () => {
  const [item] = await hello.viewStateRaw('STATE')
  const { purse } = JSON.parse(Buffer.from(item?.value ?? '', 'base64').toString())
  return { kept: BigInt(purse.kept), held: BigInt(purse.held) }
}

test('state and event: a greeting is kept, counted and told', async () => {
  const result = await alice.callRaw(hello, 'greet', { text: 'good day' }, { attachedDeposit: FEE })
  expect(result.parseResult()).toBe('1')
  expect(events(result)).toEqual([['greeted', { by: alice.accountId, text: 'good day', paid: `${FEE}` }]])
  expect(await hello.view('greeting_of', { account: alice.accountId })).toBe('good day')
  expect(await hello.view('greeting_of', { account: 'nobody.near' })).toBe(null)
  await alice.call(hello, 'greet', { text: 'good evening' }, { attachedDeposit: 2n * FEE })
  expect(await hello.view('greeting_of', { account: alice.accountId })).toBe('good evening')
  expect(await hello.view('count_greetings')).toBe('2')
  expect(await purse()).toEqual({ kept: 3n * FEE, held: 0n })
})

test('deposit: too little is refused and comes back', async () => {
  const before = await total(alice)
  const result = await alice.callRaw(hello, 'greet', { text: 'cheap' }, { attachedDeposit: FEE - 1n })
  expect(result.receiptFailureMessagesContain(`attach at least ${FEE} yoctoNEAR`)).toBe(true)
  expect(await hello.view('greeting_of', { account: alice.accountId })).toBe(null)
  expect(before - (await total(alice))).toBeLessThan(FEE)
})

test('cross-contract call: the answer of the other contract becomes the result', async () => {
  await hello.call(other, 'greet', { text: 'hello, hello' }, { attachedDeposit: FEE })
  const result = await ask()
  expect(result.parseResult()).toBe('hello, hello')
  const names = { by: alice.accountId, other: other.accountId }
  expect(events(result)).toEqual([
    ['asked', { ...names, paid: `${FEE}` }],
    ['answered', { ...names, text: 'hello, hello' }],
  ])
  expect(await purse()).toEqual({ kept: FEE, held: 0n })
})

test('callback failure path: without an answer the payment comes back', async () => {
  const paid = 5n * NEAR
  const refund = ['refunded', { by: alice.accountId, other: other.accountId, amount: `${paid}` }]
  // null is an answer of the wrong shape; an account without a contract fails the call itself
  for (const silence of ['says nothing', 'has no contract']) {
    if (silence === 'has no contract') other = owner
    const before = await total(alice)
    const result = await ask(paid)
    expect(result.parseResult()).toBe(null)
    expect(events(result).at(-1)).toEqual([refund[0], { ...(refund[1] as object), other: other.accountId }])
    expect(before - (await total(alice))).toBeLessThan(NEAR / 10n)
    expect(await purse()).toEqual({ kept: 0n, held: 0n })
  }
})

test('gas: too little for the callback fails the call as a whole, and the payment never leaves', async () => {
  const before = await total(alice)
  for (const little of [5n, 12n, 19n]) {
    const options = { attachedDeposit: NEAR, gas: little * 10n ** 12n }
    const result = await alice.callRaw(hello, 'ask', { other: other.accountId }, options)
    expect(result.receiptFailureMessagesContain('Exceeded the prepaid gas')).toBe(true)
  }
  expect(before - (await total(alice))).toBeLessThan(NEAR / 10n)
  expect(await purse()).toEqual({ kept: 0n, held: 0n })
})

test('self: a stranger who names the contract as the other does not make it call itself', async () => {
  const options = { attachedDeposit: FEE, gas }
  const result = await alice.callRaw(hello, 'ask', { other: hello.accountId }, options)
  expect(result.receiptFailureMessagesContain('a contract cannot call itself as another')).toBe(true)
  expect(await purse()).toEqual({ kept: 0n, held: 0n })
})

test('callback: a stranger cannot pretend to be the answer', async () => {
  const args = { by: alice.accountId, other: other.accountId, paid: `${NEAR}` }
  const result = await alice.callRaw(hello, 'answer', args, { gas })
  expect(result.receiptFailureMessagesContain('only the contract itself may call this method')).toBe(true)
})

test('withdrawal: the owner alone, with a full-access key, once', async () => {
  await alice.call(hello, 'greet', { text: 'for you' }, { attachedDeposit: 3n * NEAR })
  const take = (account: NearAccount, attachedDeposit: bigint) =>
    account.callRaw(hello, 'withdraw', {}, { attachedDeposit })
  expect((await take(alice, 1n)).receiptFailureMessagesContain('only the owner may withdraw')).toBe(true)
  expect((await take(owner, 0n)).receiptFailureMessagesContain('attach exactly 1 yoctoNEAR')).toBe(true)
  const before = await total(owner)
  const result = await take(owner, 1n)
  expect(result.parseResult()).toBe(`${3n * NEAR}`)
  expect(events(result)).toEqual([['withdrawn', { to: owner.accountId, amount: `${3n * NEAR}` }]])
  const gained = (await total(owner)) - before
  expect(gained > 2n * NEAR && gained < 3n * NEAR).toBe(true)
  expect(await purse()).toEqual({ kept: 0n, held: 0n })
})

test('opening: by the account alone, and once', async () => {
  const fresh = await worker.rootAccount.devDeploy(Buffer.from(wasm), { initialBalance: 10n * NEAR })
  const open = (account: NearAccount) => account.callRaw(fresh, 'open', { owner: alice.accountId })
  const greet = await alice.callRaw(fresh, 'greet', { text: 'early' }, { attachedDeposit: FEE })
  expect(greet.receiptFailureMessagesContain('Contract must be initialized')).toBe(true)
  expect((await open(alice)).receiptFailureMessagesContain('only the contract itself may initialise it')).toBe(true)
  expect(events(await open(fresh))).toEqual([['opened', { owner: alice.accountId }]])
  expect((await open(fresh)).receiptFailureMessagesContain('Contract already initialized')).toBe(true)
})

test('gas: no call of this contract takes more than 50 Tgas', async () => {
  await hello.call(other, 'greet', { text: 'hi' }, { attachedDeposit: FEE })
  for (const result of [
    await ask(),
    await alice.callRaw(hello, 'greet', { text: 'x'.repeat(280) }, { attachedDeposit: FEE }),
  ]) {
    const burnt = result.outcomes.map(({ gas_burnt }) => BigInt(gas_burnt))
    expect(burnt.every((one) => one < 50n * 10n ** 12n)).toBe(true)
  }
})
