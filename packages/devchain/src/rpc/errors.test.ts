// What clients match when something is wrong: names, texts and HTTP statuses of nearcore.
import { beforeAll, expect, test } from 'vitest'
import { call, type Scene, scene, sign, signedBase64, withKeeper } from '../../test/rpc-scene.ts'
import { handleRpc, toJson } from './index.ts'

let here: Scene
beforeAll(async () => {
  here = scene()
  await withKeeper(here)
})

const final = { finality: 'final' }
const nobody = { account_id: 'nobody.near', ...final }
const keeper = { account_id: 'keeper.test.near', ...final }
const strangerKey = `ed25519:${'1'.repeat(32)}`

test('bad calls are refused before they are looked at', async () => {
  const unknown = await here.request('no_such_method')
  expect(unknown.status).toBe(400)
  expect(unknown.body).toEqual({
    jsonrpc: '2.0',
    id: 'x',
    error: {
      name: 'REQUEST_VALIDATION_ERROR',
      cause: { name: 'METHOD_NOT_FOUND', info: { method_name: 'no_such_method' } },
      code: -32601,
      message: 'Method not found',
      data: 'no_such_method',
    },
  })
  const bad = await here.request('block', { block_id: -1 })
  expect(bad.status).toBe(400)
  expect(bad.body.error).toMatchObject({
    name: 'REQUEST_VALIDATION_ERROR',
    cause: { name: 'PARSE_ERROR' },
    code: -32700,
    message: 'Parse error',
  })
  for (const method of ['constructor', 'toString', '__proto__'])
    expect((await here.request(method)).body.error.cause.name).toBe('METHOD_NOT_FOUND')
})

test('an unknown block is 422 behind the head, where it will never come, and 200 ahead of it', async () => {
  const sparse = scene({ mining: { mode: 'manual' } })
  sparse.chain.mine(2)
  sparse.chain.fastForward(100)
  const skipped = await sparse.request('block', { block_id: 50 })
  expect([skipped.status, skipped.body.error.cause]).toEqual([422, { name: 'UNKNOWN_BLOCK', info: {} }])
  expect(skipped.body.error.data).toBe('DB Not Found Error: BLOCK HEIGHT: 50 \n Cause: Unknown')
  const ahead = await sparse.request('block', { block_id: 5000 })
  expect([ahead.status, ahead.body.error.cause.name]).toEqual([200, 'UNKNOWN_BLOCK'])
  const query = await sparse.request('query', { request_type: 'view_account', account_id: 'a.near', block_id: 5000 })
  expect(query.body.error.cause.info).toEqual({ block_reference: { block_id: 5000 } })
})

test('a query for a pruned block says that it is gone', async () => {
  const short = scene({ keepBlocks: 10, mining: { mode: 'manual' } })
  short.chain.mine(50)
  const { body } = await short.request('query', { request_type: 'view_account', account_id: 'a.near', block_id: 5 })
  expect(body.error.cause.name).toBe('GARBAGE_COLLECTED_BLOCK')
})

test('queries: structured errors with the texts that old clients match', async () => {
  const account = await here.request('query', { request_type: 'view_account', ...nobody })
  expect(account.status).toBe(200)
  expect(account.body.error).toMatchObject({
    name: 'HANDLER_ERROR',
    cause: { name: 'UNKNOWN_ACCOUNT', info: { requested_account_id: 'nobody.near' } },
    code: -32000,
    message: 'Server error',
    data: 'account nobody.near does not exist while viewing',
  })
  const code = await here.request('query', { request_type: 'view_code', account_id: 'alice.test.near', ...final })
  expect(code.body.error.cause.name).toBe('NO_CONTRACT_CODE')
  expect(code.body.error.data).toMatch(/Contract code for contract ID #alice.test.near has never been observed/)
  const gasKey = { request_type: 'view_gas_key_nonces', public_key: strangerKey, ...keeper }
  expect((await here.request('query', gasKey)).body.error.cause.name).toBe('UNKNOWN_GAS_KEY')
  const global = { request_type: 'view_global_contract_code_by_account_id', ...keeper }
  expect((await here.request('query', global)).body.error.cause.name).toBe('NO_GLOBAL_CONTRACT_CODE')
})

test('queries: two errors are results, as they were before errors had a structure', async () => {
  const { height, hash } = here.chain.head.header
  const where = { logs: [], block_height: height, block_hash: hash }
  const view = (account_id: string, method_name: string) =>
    here.ask('query', { request_type: 'call_function', account_id, method_name, args_base64: '', ...final })
  expect(await view('keeper.test.near', 'nothing')).toEqual({
    error: 'wasm execution failed with error: MethodResolveError(MethodNotFound)',
    ...where,
  })
  expect(await view('keeper.test.near', 'boom')).toEqual({
    error: 'wasm execution failed with error: HostError(GuestPanic { panic_msg: "no" })',
    ...where,
  })
  expect((await view('alice.test.near', 'get')).error).toMatch(
    /^wasm execution failed with error: CompilationError\(CodeDoesNotExist \{ account_id: /,
  )
  const key = { request_type: 'view_access_key', public_key: strangerKey, ...keeper }
  expect(await here.ask('query', key)).toEqual({
    error: `access key ${strangerKey} does not exist while viewing`,
    ...where,
  })
})

test('the newer methods give the same two as errors, and what a panic said as JSON', async () => {
  const call = { method_name: 'boom', args_base64: '', ...keeper }
  const { body } = await here.request('EXPERIMENTAL_call_function', call)
  expect(body.error.cause).toMatchObject({
    name: 'CONTRACT_EXECUTION_ERROR',
    info: { vm_error: { ExecutionError: 'Smart contract panicked: no' } },
  })
  const key = await here.request('EXPERIMENTAL_view_access_key', { public_key: strangerKey, ...keeper })
  expect(key.body.error.cause.name).toBe('UNKNOWN_ACCESS_KEY')
})

test('the path form of queries still works', async () => {
  expect(await here.ask('query', ['account/alice.test.near', ''])).toMatchObject({ locked: '0' })
  expect((await here.ask('query', ['access_key/alice.test.near', ''])).keys).toHaveLength(1)
  expect((await here.ask('query', ['contract/keeper.test.near', ''])).values).toHaveLength(1)
  const { result } = await here.ask('query', ['call/keeper.test.near/get', ''])
  expect(Buffer.from(result).toString()).toBe('hello')
  for (const path of ['', 'account', 'account/NO', 'nonsense/a.near', 'call/a.near'])
    expect((await here.request('query', [path, ''])).body.error.cause.name).toBe('PARSE_ERROR')
  const long = await here.request('query', ['contract/keeper.test.near', '2'.repeat(100_000)])
  expect(long.body.error.data).toBe('Query data size is too large')
})

test('a transaction that cannot be accepted is told at once, by nearcore’s name for the reason', async () => {
  const { chain } = here
  const transfer = [{ type: 'Transfer' as const, deposit: 10n ** 30n }]
  const { status, body } = await here.request('send_tx', {
    signed_tx_base64: signedBase64(chain, 'alice.test.near', 'bob.test.near', transfer),
  })
  expect(status).toBe(200)
  expect(body.error.cause).toEqual({ name: 'INVALID_TRANSACTION', info: {} })
  expect(body.error.data.TxExecutionError.InvalidTxError.NotEnoughBalance).toMatchObject({
    signer_id: 'alice.test.near',
  })
  const cut = await here.request('send_tx', { signed_tx_base64: 'AAAA' })
  expect([cut.status, cut.body.error.cause.name]).toEqual([400, 'PARSE_ERROR'])
  const two = await here.request('broadcast_tx_commit', ['AAAA', 'EXECUTED'])
  expect(two.body.error.data).toMatch(/too many params/)
})

test('transactions and receipts nobody sent are unknown', async () => {
  const hash = '1'.repeat(32)
  const tx = await here.request('tx', [hash, 'alice.test.near'])
  expect(tx.body.error).toMatchObject({
    cause: { name: 'UNKNOWN_TRANSACTION', info: { requested_transaction_hash: hash } },
    data: `Transaction ${hash} doesn't exist`,
  })
  const receipt = await here.request('EXPERIMENTAL_receipt', { receipt_id: hash })
  expect(receipt.body.error.cause).toEqual({ name: 'UNKNOWN_RECEIPT', info: { receipt_id: hash } })
  const head = here.chain.head.header.hash
  const proof = { type: 'receipt', receipt_id: hash, receiver_id: 'a.near', light_client_head: head }
  expect((await here.request('light_client_proof', proof)).body.error.cause.name).toBe('UNKNOWN_TRANSACTION_OR_RECEIPT')
  expect((await here.request('next_light_client_block', [hash])).body.error.cause.name).toBe('UNKNOWN_BLOCK')
})

test('who waits for blocks that nobody makes is told so in time', async () => {
  const manual = scene({ mining: { mode: 'manual' } })
  const { chain, request, ask } = manual
  const transfer = [{ type: 'Transfer' as const, deposit: 1n }]
  const { hash } = sign(chain, 'alice.test.near', 'bob.test.near', transfer)
  const { status, body } = await request('send_tx', {
    signed_tx_base64: signedBase64(chain, 'alice.test.near', 'bob.test.near', transfer),
  })
  expect([status, body.error.cause.name]).toEqual([408, 'TIMEOUT_ERROR'])
  expect(await ask('tx', { tx_hash: hash, sender_account_id: 'alice.test.near', wait_until: 'NONE' })).toEqual({
    final_execution_status: 'NONE',
  })
  const late = ask('tx', { tx_hash: hash, sender_account_id: 'alice.test.near', wait_until: 'INCLUDED' })
  chain.mine()
  expect((await late).final_execution_status).toBe('INCLUDED')
  chain.mine()
  const done = await ask('tx', { tx_hash: hash, sender_account_id: 'alice.test.near' })
  expect(done.status).toEqual({ SuccessValue: '' })
})

test('each level of waiting is reached, and said', async () => {
  const { chain, ask } = scene()
  const levels = ['INCLUDED', 'EXECUTED_OPTIMISTIC', 'INCLUDED_FINAL', 'EXECUTED', 'FINAL']
  for (const wait_until of levels) {
    const signed_tx_base64 = signedBase64(chain, 'alice.test.near', 'bob.test.near', [
      { type: 'Transfer', deposit: 1n },
    ])
    const { final_execution_status } = await ask('send_tx', { signed_tx_base64, wait_until })
    expect(levels.indexOf(final_execution_status)).toBeGreaterThanOrEqual(levels.indexOf(wait_until))
  }
})

test('a failed call shows where it failed, and the same transaction sent again is no error', async () => {
  const { chain, ask } = here
  const signed_tx_base64 = signedBase64(chain, 'alice.test.near', 'keeper.test.near', [call('tell'), call('boom')])
  const first = await ask('send_tx', { signed_tx_base64 })
  expect(first.status.Failure.ActionError).toEqual({
    index: 1,
    kind: { FunctionCallError: { ExecutionError: 'Smart contract panicked: no' } },
  })
  expect(first.receipts_outcome[0].outcome.logs).toEqual(['kept'])
  const again = await ask('send_tx', { signed_tx_base64 })
  expect(again.transaction_outcome).toEqual(first.transaction_outcome)
})

test('timestamps keep all their digits', async () => {
  const { chain, context } = scene({ genesisTime: new Date('2026-01-01T00:00:00.001Z') })
  const { handleRpc, toJson } = await import('./index.ts')
  const { body } = await handleRpc(context, {
    jsonrpc: '2.0',
    id: 1,
    method: 'block',
    params: [chain.genesis.header.height],
  })
  expect(toJson(body)).toContain('"timestamp":1767225600001000000,"timestamp_nanosec":"1767225600001000000"')
})

test('state too large to view is refused', async () => {
  const small = scene()
  await withKeeper(small)
  Object.assign(small.context.node, { viewStateLimit: 10 })
  const { body } = await small.request('query', { request_type: 'view_state', prefix_base64: '', ...keeper })
  expect(body.error.cause.name).toBe('TOO_LARGE_CONTRACT_STATE')
})

test('state comes in pages, of whatever size it is', async () => {
  const here = scene()
  const records = Array.from({ length: 7 }, (_, i) => ({
    Data: { account_id: 'alice.test.near', data_key: Buffer.from([i]).toString('base64'), value: 'YQ==' },
  }))
  await here.ask('sandbox_patch_state', { records })
  Object.assign(here.context.node, { viewStateLimit: 10 })
  const state = { request_type: 'view_state', account_id: 'alice.test.near', prefix_base64: '', ...final }
  const seen: string[] = []
  for (let after: string | undefined; ; ) {
    const page = await here.ask('query', {
      ...state,
      limit: 3,
      ...(after !== undefined && { after_key_base64: after }),
    })
    seen.push(...page.values.map(({ key }: { key: string }) => key))
    if (page.last_key === undefined) break
    after = page.last_key
  }
  expect(seen).toEqual(records.map(({ Data }) => Data.data_key))
  expect((await here.request('query', { ...state, limit: 0 })).body.error.cause.name).toBe('PARSE_ERROR')
})

test('a u64 beyond 2^53 in an error keeps all its digits', async () => {
  const nonce = 2n ** 64n - 1n
  const signed_tx_base64 = signedBase64(here.chain, 'alice.test.near', 'bob.test.near', [], nonce)
  const params = { signed_tx_base64, wait_until: 'FINAL' }
  const { status, body } = await handleRpc(here.context, { jsonrpc: '2.0', id: 'x', method: 'send_tx', params })
  expect(status).toBe(200)
  expect(toJson(body.error!.data)).toMatch(/"NonceTooLarge":\{"tx_nonce":18446744073709551615,"upper_bound":\d+\}/)
})
