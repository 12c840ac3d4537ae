// Whatever arrives, the answer is JSON-RPC with an error of the right shape, and the next caller is served as before.
import { request } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Json, type Scene, scene, withKeeper } from '../../test/rpc-scene.ts'
import { handleRpc, type RpcServer, serveRpc, toJson } from './index.ts'

let here: Scene
let server: RpcServer
beforeAll(async () => {
  here = scene()
  await withKeeper(here)
  server = await serveRpc(here.chain, { bodyLimit: 10_000, pollingTimeoutMs: 20 })
})
afterAll(() => server.close())

const STATUSES = [200, 400, 408, 422, 500]

function isReply(status: number, text: string): Json {
  const body = JSON.parse(text)
  expect(STATUSES).toContain(status)
  expect(body.jsonrpc).toBe('2.0')
  expect(Object.keys(body)).toContain('id')
  if (!('error' in body)) return body
  const { name, cause, code, message } = body.error
  expect(['REQUEST_VALIDATION_ERROR', 'HANDLER_ERROR', 'INTERNAL_ERROR']).toContain(name)
  expect(typeof cause.name).toBe('string')
  expect([-32700, -32601, -32000]).toContain(code)
  expect(typeof message).toBe('string')
  expect(body.error).toHaveProperty('data')
  return body
}

const post = (body: Uint8Array | string, method = 'POST', path = '/') =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const call = request(server.url + path, { method }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part) => parts.push(part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }))
    })
    call.on('error', reject)
    call.end(body)
  })

const alive = async () => {
  const { status, text } = await post('{"jsonrpc":"2.0","id":1,"method":"status"}')
  expect(status).toBe(200)
  expect(JSON.parse(text).result.chain_id).toBe('localnet')
}

test('random bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const { status, text } = await post(bytes)
      expect(isReply(status, text).error.cause.name).toBe('PARSE_ERROR')
    }),
    { numRuns: 100 },
  )
  await alive()
})

test('random JSON, batches and notifications among it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.json(), async (json) => {
      const { status, text } = await post(json)
      expect(isReply(status, text).error.cause.name).toBe('PARSE_ERROR')
    }),
    { numRuns: 100 },
  )
  const call = { jsonrpc: '2.0', id: 1, method: 'status' }
  for (const refused of [[call, call], { ...call, jsonrpc: '1.0' }, { jsonrpc: '2.0', method: 'status' }]) {
    const { status, text } = await post(JSON.stringify(refused))
    expect(status).toBe(400)
    expect(isReply(status, text)).toMatchObject({ id: null, error: { data: 'JSON RPC Request format was expected' } })
  }
  await alive()
})

/** Calls that work, one of each method with params. */
const sample = (): Record<string, Json> => {
  const { chain } = here
  const { hash } = chain.head.header
  const account = { account_id: 'keeper.test.near', finality: 'final' }
  const key = { public_key: chain.keyOf('keeper.test.near').publicKey }
  return {
    status: [],
    block: { block_id: hash },
    chunk: { block_id: 1, shard_id: 0 },
    gas_price: [null],
    query: { request_type: 'call_function', method_name: 'get', args_base64: '', ...account },
    EXPERIMENTAL_view_state: { prefix_base64: '', include_proof: true, ...account },
    EXPERIMENTAL_view_access_key: { ...key, ...account },
    EXPERIMENTAL_call_function: { method_name: 'get', args_base64: '', ...account },
    send_tx: { signed_tx_base64: 'AAAA', wait_until: 'FINAL' },
    broadcast_tx_async: ['AAAA'],
    tx: { tx_hash: hash, sender_account_id: 'alice.test.near', wait_until: 'FINAL' },
    EXPERIMENTAL_receipt: { receipt_id: hash },
    EXPERIMENTAL_receipt_to_tx: { receipt_id: hash },
    EXPERIMENTAL_protocol_config: { finality: 'final' },
    validators: { block_id: 1 },
    EXPERIMENTAL_validators_ordered: [1],
    changes: { changes_type: 'data_changes', account_ids: ['a.near'], key_prefix_base64: '', finality: 'final' },
    block_effects: { block_id: 1 },
    next_light_client_block: { last_block_hash: hash },
    light_client_proof: { type: 'transaction', transaction_hash: hash, sender_id: 'a.near', light_client_head: hash },
    EXPERIMENTAL_light_client_block_proof: { block_hash: hash, light_client_head: hash },
    sandbox_patch_state: { records: [{ Data: { account_id: 'a.near', data_key: 'YQ==', value: 'Yg==' } }] },
    sandbox_fast_forward: { delta_height: 1 },
    dcml_mine: { count: 1 },
    dcml_revert: { snapshot: 1 },
    dcml_trace: { hash },
    dcml_impersonate: { accountId: 'a.near' },
    dcml_inject_fault: { fault: 'drop', receiverId: 'nobody.near' },
  }
}

const junk = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    '',
    '0'.repeat(44),
    '1'.repeat(10_000),
    -1,
    1e308,
    0.5,
    {},
    [],
    [[]],
    null,
    '__proto__',
    'a.near',
  ),
)

test('every method, with one of its params spoilt or something else altogether', async () => {
  const methods = Object.keys(sample())
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...methods), fc.nat(), junk, fc.boolean(), async (method, which, value, whole) => {
      const params = sample()[method]
      const keys = Object.keys(params)
      const name = keys[which % (keys.length || 1)] as string
      const spoilt = whole ? value : Array.isArray(params) ? [value] : { ...params, [name]: value }
      const { status, body } = await handleRpc(here.context, { jsonrpc: '2.0', id: 7, method, params: spoilt })
      const reply = isReply(status, toJson(body))
      expect(reply.id).toBe(7)
      expect(reply.error?.name).not.toBe('INTERNAL_ERROR')
    }),
    { numRuns: 600 },
  )
  await alive()
})

test('JSON nested beyond any stack', async () => {
  const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  for (const depth of [1_000, 4_000])
    for (const body of [
      deep(depth),
      `{"jsonrpc":"2.0","method":"status","id":${deep(depth)}}`,
      `{"jsonrpc":"2.0","id":1,"method":"sandbox_patch_state","params":{"records":${deep(depth)}}}`,
      `{"jsonrpc":"2.0","id":1,"method":"query","params":${deep(depth)}}`,
    ]) {
      const { status, text } = await post(body)
      isReply(status, text)
    }
  const large = await serveRpc(here.chain)
  const id = deep(2_000_000)
  const { status } = await fetch(large.url, { method: 'POST', body: `{"jsonrpc":"2.0","method":"status","id":${id}}` })
  expect(status).toBe(400)
  await large.close()
  await alive()
})

test('signed transactions with bytes changed', async () => {
  const { signedBase64 } = await import('../../test/rpc-scene.ts')
  const good = Buffer.from(
    signedBase64(here.chain, 'alice.test.near', 'bob.test.near', [{ type: 'Transfer', deposit: 1n }]),
    'base64',
  )
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const bytes = Buffer.from(good)
      bytes[at] = (bytes[at] as number) ^ flip
      const { body, status } = await here.request('send_tx', { signed_tx_base64: bytes.toString('base64') })
      expect(isReply(status, JSON.stringify(body)).error.cause.name).toMatch(/^(PARSE_ERROR|INVALID_TRANSACTION)$/)
    }),
    { numRuns: 200 },
  )
})

test('other verbs, paths and sizes', async () => {
  expect((await post('', 'GET', '/status')).status).toBe(200)
  expect((await post('', 'GET', '/health')).status).toBe(200)
  expect((await post('', 'OPTIONS')).status).toBe(204)
  expect((await post('', 'GET', '/nothing')).status).toBe(404)
  expect((await post('{}', 'PUT')).status).toBe(405)
  expect((await post(' '.repeat(20_000))).status).toBe(413)
  await alive()
})
