// Our own methods, and those of near-sandbox.
import { expect, test } from 'vitest'
import { call, scene, signedBase64, withKeeper } from '../../test/rpc-scene.ts'

const amountOf = async ({ ask }: ReturnType<typeof scene>, account_id: string) =>
  (await ask('query', { request_type: 'view_account', account_id, finality: 'optimistic' })).amount

test('snapshot, revert and again', async () => {
  const here = scene()
  const { chain, ask } = here
  const before = await amountOf(here, 'bob.test.near')
  const { snapshot } = await ask('dcml_snapshot')
  const send = async () =>
    ask('send_tx', {
      signed_tx_base64: signedBase64(chain, 'alice.test.near', 'bob.test.near', [{ type: 'Transfer', deposit: 7n }]),
    })
  for (let i = 0; i < 2; i++) {
    await send()
    expect(BigInt(await amountOf(here, 'bob.test.near')) - BigInt(before)).toBe(7n)
    await ask('dcml_revert', { snapshot })
    expect(await amountOf(here, 'bob.test.near')).toBe(before)
  }
  const { body } = await here.request('dcml_revert', { snapshot: 99 })
  expect(body.error.cause.name).toBe('DEVCHAIN_SNAPSHOT_UNKNOWN')
})

test('blocks, epochs and time', async () => {
  const here = scene({ epochLength: 10, mining: { mode: 'manual' } })
  const { chain, ask } = here
  expect((await ask('dcml_mine', { count: 3 })).height).toBe(3)
  expect((await ask('dcml_mine')).height).toBe(4)
  await ask('dcml_set_time', { time: '2030-01-01T00:00:00.000Z' })
  expect((await ask('dcml_mine', [])).timestamp).toBe('1893456000000000000')
  await ask('dcml_advance_time', { ms: 5 })
  expect((await ask('dcml_mine')).timestamp).toBe('1893456000005000000')
  await ask('dcml_advance_epochs') // the first two epochs share a number
  const { epochHeight } = chain.head
  await ask('dcml_advance_epochs', { count: 2 })
  expect(chain.head.epochHeight).toBe(epochHeight + 2)
  const back = await here.request('dcml_set_time', { time: '2020-01-01T00:00:00.000Z' })
  expect(back.body.error.cause.name).toMatch(/^DEVCHAIN_TIME_/)
})

test('sandbox_fast_forward jumps, and will not be sent on an endless way', async () => {
  const here = scene()
  await here.ask('sandbox_fast_forward', { delta_height: 10_000 })
  expect(here.chain.head.header.height).toBe(10_000)
  await here.ask('sandbox_fast_forward', { delta_height: 0 })
  for (const delta_height of [1e15, 1.5, -1, '1', null])
    expect((await here.request('sandbox_fast_forward', { delta_height })).body.error.cause.name).toBe('PARSE_ERROR')
})

test('sandbox_patch_state ignores what stands beside the records, and takes all or nothing', async () => {
  const here = scene()
  const record = (account_id: string, amount: string) => ({
    Account: {
      account_id,
      account: { amount, locked: '0', code_hash: '1'.repeat(32), storage_usage: 0, version: 'V1' },
    },
  })
  await here.ask('sandbox_patch_state', { account_id: 'stray', records: [record('carol.near', '5')] })
  expect(await amountOf(here, 'carol.near')).toBe('5')
  const bad = await here.request('sandbox_patch_state', { records: [record('carol.near', '6'), { Nonsense: {} }] })
  expect(bad.body.error.cause.name).toBe('PARSE_ERROR')
  expect(await amountOf(here, 'carol.near')).toBe('5')
})

test('an impersonated account needs no key', async () => {
  const { chain, ask, request } = scene()
  const steal = () => {
    const key = chain.keyOf('alice.test.near')
    const forged = { ...chain, keyOf: () => key, head: chain.head } as unknown as typeof chain
    return signedBase64(forged, 'bob.test.near', 'alice.test.near', [{ type: 'Transfer', deposit: 1n }])
  }
  expect((await request('send_tx', { signed_tx_base64: steal() })).body.error.cause.name).toBe('INVALID_TRANSACTION')
  await ask('dcml_impersonate', { accountId: 'bob.test.near' })
  expect((await ask('send_tx', { signed_tx_base64: steal() })).status).toEqual({ SuccessValue: '' })
  await ask('dcml_stop_impersonating', { accountId: 'bob.test.near' })
  expect((await request('send_tx', { signed_tx_base64: steal() })).body.error.cause.name).toBe('INVALID_TRANSACTION')
})

test('an injected fault fails the next matching receipt, and the trace says where', async () => {
  const here = scene()
  await withKeeper(here)
  const { chain, ask } = here
  await ask('dcml_inject_fault', { fault: 'fail', receiverId: 'keeper.test.near', methodName: 'set' })
  const set = () => signedBase64(chain, 'alice.test.near', 'keeper.test.near', [call('set', 'new')])
  const failed = await ask('send_tx', { signed_tx_base64: set() })
  expect(failed.status).toHaveProperty('Failure')
  expect((await ask('send_tx', { signed_tx_base64: set() })).status).toEqual({ SuccessValue: '' })
  const { transaction } = await ask('send_tx', { signed_tx_base64: set() })
  const trace = await ask('dcml_trace', { hash: transaction.hash })
  expect(trace).toMatchObject({ signerId: 'alice.test.near', receiverId: 'keeper.test.near' })
  expect(trace.root.children[0]).toMatchObject({
    receiverId: 'keeper.test.near',
    error: null,
    gasProfile: { storage_write_base: 64196736000 },
    storage: [{ accountId: 'keeper.test.near', key: 'a2VwdA==', after: 'bmV3' }],
  })
})

test('light clients are told of blocks and executions', async () => {
  const here = scene()
  const { chain, ask } = here
  const genesis = chain.genesis.header.hash
  const { transaction } = await ask('send_tx', {
    signed_tx_base64: signedBase64(chain, 'alice.test.near', 'bob.test.near', [{ type: 'Transfer', deposit: 7n }]),
  })
  const head = await ask('next_light_client_block', { last_block_hash: genesis })
  expect(head.approvals_after_next).toHaveLength(1)
  const block = chain.blockByHeight(head.inner_lite.height)
  const proof = await ask('light_client_proof', {
    type: 'transaction',
    transaction_hash: transaction.hash,
    sender_id: 'alice.test.near',
    light_client_head: block?.header.hash,
  })
  expect(proof.outcome_proof.id).toBe(transaction.hash)
})
