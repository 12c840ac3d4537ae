import { readFileSync } from 'node:fs'
import { advance, parseEventProof, parseLightClientBlock, trustBlock, verifyEvent } from '@dcml/light-client'
import {
  connectNear,
  fetchProof,
  formatAmount,
  generateClient,
  type Near,
  parseAmount,
  readEvents,
  sendTransaction,
  transactionOutcome,
} from '@dcml/near'
import { DcmlError } from '@dcml/protocol'
import { actions } from 'near-api-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hello } from './hello.client.ts'
import { asNear, badLine, helloContract, NEAR, type Scene, startScene } from './scene.ts'

const FEE = 10n ** 22n
let scene: Scene
let near: Near

beforeAll(async () => {
  scene = await startScene()
  scene.chain.root.createAccount('bob')
  near = connectNear({ networkId: 'localnet', nodes: scene.url })
})
afterAll(() => scene.stop())

const failure = async (act: () => Promise<unknown>): Promise<DcmlError> => {
  try {
    await act()
  } catch (error) {
    if (DcmlError.isInstance(error)) return error
    throw error
  }
  throw new Error('it was accepted')
}
const contract = (via = near) => hello(via, scene.contractId)
const balance = (accountId: string): bigint => scene.chain.account(accountId).balance

test('a generated client is what the generator writes from the ABI of today', async () => {
  const plain = (source: string) => source.replaceAll(/"(wasm_hash|compiler)": ".*"/g, '')
  const { abi } = await helloContract()
  expect(plain(readFileSync(new URL('./hello.client.ts', import.meta.url), 'utf8'))).toBe(plain(generateClient(abi)))
})

test('typed calls and views, amounts as bigint or text', async () => {
  const { alice } = scene
  const called = await contract().greet({ text: 'good day' }, { account: alice, deposit: '0.01 NEAR' })
  expect(called.value).toBe(1)
  expect(called.events.map((event) => contract().parseEvent(event))).toMatchObject([
    { event: 'greeted', data: { by: alice.accountId, text: 'good day', paid: FEE } },
  ])
  expect(await contract().greeting_of({ account: alice.accountId })).toBe('good day')
  expect(await contract().greeting_of({ account: 'nobody.near' }, { at: 'final' })).toBe(null)
  expect((await contract().greet({ text: 'again' }, { account: alice })).value).toBe(2)
  expect(formatAmount(parseAmount('1.5 NEAR'))).toBe('1.5 NEAR')
})

test('a failed receipt inside a call that went well is told', async () => {
  const called = await contract().ask({ other: 'nobody.test.near' }, { account: scene.alice })
  expect(called.value).toBe(null)
  expect(called.failures).toMatchObject([{ accountId: 'nobody.test.near' }])
  expect(called.events.map(({ event }) => event)).toEqual(['asked', 'refunded'])
})

test.each<[string, string, () => Promise<unknown>]>([
  [
    'an argument that does not fit',
    'near_argument_invalid',
    () => contract().greet({ text: 5 as never }, { account: scene.alice }),
  ],
  ['an argument too many', 'near_argument_invalid', () => contract().greeting_of({ account: 'a.near', x: 1 } as never)],
  [
    'a deposit that is too small',
    'near_deposit_invalid',
    () => contract().greet({ text: '' }, { account: scene.alice, deposit: 1n }),
  ],
  [
    'an amount without a unit',
    'amount_invalid',
    () => contract().greet({ text: '' }, { account: scene.alice, deposit: '1' }),
  ],
  ['a contract that is not there', 'near_contract_missing', () => hello(near, scene.alice.accountId).count_greetings()],
  ['an account that is not there', 'near_account_unknown', () => hello(near, 'nobody.test.near').count_greetings()],
  [
    'a key the account does not have',
    'near_key_unknown',
    () =>
      contract().greet(
        { text: '' },
        { account: { ...scene.alice, signer: asNear(scene.chain.account('stranger.test.near')).signer } },
      ),
  ],
  [
    'a call the contract refuses',
    'near_transaction_failed',
    () => contract().open({ owner: 'x.near' }, { account: scene.alice }),
  ],
  [
    'more than the account has',
    'near_transaction_refused',
    () => contract().greet({ text: '' }, { account: scene.alice, deposit: 10n ** 30n }),
  ],
  [
    'a transaction nobody sent',
    'near_transaction_unknown',
    () => transactionOutcome(near, { hash: '11111111111111111111111111111111', signerId: scene.alice.accountId }),
  ],
  [
    'a node that is not there',
    'near_unreachable',
    () => contract(connectNear({ networkId: 'x', nodes: 'http://127.0.0.1:9', rounds: 1 })).count_greetings(),
  ],
])('%s is the error %s', async (_what, code, act) => {
  const error = await failure(act)
  expect([error.code, error.hint.length > 0]).toEqual([code, true])
})

test("the contract's own words are in the message", async () => {
  const error = await failure(() => contract().withdraw({}, { account: scene.alice }))
  expect(error.message).toContain('only the owner may withdraw')
})

const pay = (via: Near) =>
  sendTransaction(via, { account: scene.alice, receiverId: 'bob.test.near', actions: [actions.transfer(NEAR)] })

test('a lost answer is asked for again, and the transfer happens once', async () => {
  for (const fate of ['lose-answer', 'lose-request', 503] as const) {
    let left = 1
    const line = await badLine(scene.url, (method) => (method === 'send_tx' && left-- > 0 ? fate : 'pass'))
    const before = balance('bob.test.near')
    const sent = await pay(connectNear({ networkId: 'localnet', nodes: line.url }))
    expect(balance('bob.test.near') - before).toBe(NEAR)
    expect(sent.failures).toEqual([])
    line.close()
  }
})

test('when every answer is lost, the hash to look up is in the error, and nothing is signed a second time', async () => {
  const signed: string[] = []
  const line = await badLine(scene.url, (method) => (['send_tx', 'tx'].includes(method) ? 'lose-answer' : 'pass'))
  const before = balance('bob.test.near')
  const error = await failure(() =>
    sendTransaction(connectNear({ networkId: 'localnet', nodes: line.url, rounds: 2 }), {
      account: scene.alice,
      receiverId: 'bob.test.near',
      actions: [actions.transfer(NEAR)],
      onSigned: ({ hash }) => void signed.push(hash),
    }),
  )
  expect(error.code).toBe('near_outcome_unknown')
  expect(signed).toEqual([error.details.hash])
  expect(balance('bob.test.near') - before).toBe(NEAR)
  const found = await transactionOutcome(near, { hash: signed[0]!, signerId: scene.alice.accountId })
  expect(found.hash).toBe(signed[0])
  line.close()
})

test('a nonce that another process used is signed anew, and every transfer happens once', async () => {
  const line = await badLine(scene.url, (method) => {
    // between reading the nonce and sending, somebody else sends with the same key
    if (method === 'send_tx' && rivals-- > 0)
      scene.chain.account(scene.alice.accountId).transfer('bob.test.near', 2n * NEAR)
    return 'pass'
  })
  let rivals = 2
  const before = balance('bob.test.near')
  await pay(connectNear({ networkId: 'localnet', nodes: line.url }))
  expect(balance('bob.test.near') - before).toBe(5n * NEAR)
  line.close()
})

test('the next node is asked when one is down', async () => {
  const line = await badLine(scene.url, () => 503)
  const both = connectNear({ networkId: 'localnet', nodes: [line.url, scene.url] })
  expect(await contract(both).count_greetings()).toBeGreaterThan(0)
  expect(line.seen).toEqual(['query'])
  line.close()
})

test('transactions of one key wait for each other', async () => {
  const before = balance('bob.test.near')
  await Promise.all([pay(near), pay(near), pay(near), pay(near)])
  expect(balance('bob.test.near') - before).toBe(4n * NEAR)
})

test('cancelling ends the wait', async () => {
  const line = await badLine(scene.url, (method) => (method === 'query' ? 503 : 'pass'))
  const signal = AbortSignal.timeout(50)
  const error = await failure(() =>
    contract(connectNear({ networkId: 'localnet', nodes: line.url, rounds: 20 })).count_greetings(undefined, {
      signal,
    }),
  )
  expect(error.code).toBe('near_cancelled')
  line.close()
})

test('events are paged, and every page asked again says the same', async () => {
  const all = []
  let next = 0
  for (;;) {
    const page = await readEvents(near, { contractId: scene.contractId, from: next, blocks: 7 })
    expect(await readEvents(near, { contractId: scene.contractId, from: next, to: page.next - 1, blocks: 7 })).toEqual(
      page,
    )
    all.push(...page.events)
    if (page.next === next) break
    next = page.next
  }
  expect(all.map(({ event }) => event).slice(0, 5)).toEqual(['opened', 'greeted', 'greeted', 'asked', 'refunded'])
  const greeted = await readEvents(near, { contractId: scene.contractId, from: 0, blocks: 10_000, event: 'greeted' })
  expect(greeted.events).toEqual(all.filter(({ event }) => event === 'greeted'))
  expect((await failure(() => readEvents(near, { contractId: scene.contractId, from: -1 }))).code).toBe(
    'near_page_invalid',
  )
})

test('a call is proven to someone without a network', async () => {
  const { chain, alice } = scene
  const genesis = parseLightClientBlock(await trustedBlock())
  const start = trustBlock(genesis, { hash: chain.head.header.lastFinalBlock, producers: genesis.nextBps })
  const { transaction } = await contract().greet({ text: 'proof' }, { account: alice })
  const { blocks, proof: parts } = await fetchProof(near, { transaction, state: start })
  const bundle = JSON.parse(JSON.stringify({ blocks, proof: parts }))

  let state = start
  for (const block of bundle.blocks) {
    const verdict = await advance(state, parseLightClientBlock(block))
    if (!verdict.ok) throw verdict.error
    state = verdict.state
  }
  const now = new Date(Number(chain.head.header.timestamp / 1_000_000n))
  const options = { standard: 'dcml_hello', event: 'greeted', state, now, maxHeadAge: 60_000, maxEventAge: 60_000 }
  const proof = parseEventProof(bundle.proof)
  const proven = verifyEvent(proof, { ...options, contract: scene.contractId })
  expect(proven).toMatchObject({
    ok: true,
    event: { data: { by: alice.accountId, text: 'proof', paid: `${FEE}` } },
    call: { signerId: alice.accountId, methodName: 'greet', deposit: FEE },
  })
  const elsewhere = verifyEvent(proof, { ...options, contract: 'other.near' })
  expect(elsewhere).toMatchObject({ ok: false, error: { code: 'event_contract' } })
})

/** The newest final block with its producers, as a trust root would name it. */
async function trustedBlock(): Promise<unknown> {
  const { hash } = (await scene.chain.rpc<{ header: { hash: string } }>('block', { block_id: 0 })).header
  return scene.chain.rpc('next_light_client_block', { last_block_hash: hash })
}
