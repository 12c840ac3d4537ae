// Responses have the shapes of nearcore's own OpenAPI description, as @near-js/jsonrpc-types has it in Zod.
import * as schemas from '@near-js/jsonrpc-types'
import { beforeAll, expect, test } from 'vitest'
import { call, type Json, type Scene, scene, signedBase64, withKeeper } from '../../test/rpc-scene.ts'

let here: Scene
let hash: string
let sent: Json

beforeAll(async () => {
  here = scene()
  await withKeeper(here)
  const { chain, ask } = here
  sent = await ask('send_tx', {
    signed_tx_base64: signedBase64(chain, 'alice.test.near', 'keeper.test.near', [call('tell'), call('boom')]),
    wait_until: 'FINAL',
  })
  hash = sent.transaction.hash
  const everything = [
    { type: 'Transfer' as const, deposit: 1n },
    {
      type: 'AddKey' as const,
      publicKey: `ed25519:${'1'.repeat(32)}`,
      accessKey: {
        nonce: 0n,
        permission: { type: 'FunctionCall' as const, allowance: null, receiverId: 'bob.test.near', methodNames: ['a'] },
      },
    },
    { type: 'Stake' as const, stake: 10n ** 24n, publicKey: chain.keyOf('bob.test.near').publicKey },
  ]
  await ask('send_tx', { signed_tx_base64: signedBase64(chain, 'bob.test.near', 'bob.test.near', everything) })
})

/** The official client converts keys before it validates. */
const camel = (json: Json): Json => {
  if (Array.isArray(json)) return json.map(camel)
  if (typeof json !== 'object' || json === null) return json
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [
      key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
      camel(value),
    ]),
  )
}

type Schema = () => { safeParse(json: unknown): { success: boolean; error?: unknown } }
const byName = new Map(Object.entries(schemas))
const conforms = (schema: keyof typeof schemas, json: unknown) => {
  const parsed = (byName.get(schema) as unknown as Schema)().safeParse(camel(json))
  expect(parsed.error).toBeUndefined()
  expect(parsed.success).toBe(true)
}

const final = { finality: 'final' }
const ofKeeper = { account_id: 'keeper.test.near', ...final }
const key = () => ({ ...ofKeeper, public_key: here.chain.keyOf('keeper.test.near').publicKey })

const cases: readonly (readonly [method: string, schema: keyof typeof schemas, params: () => unknown])[] = [
  ['status', 'RpcStatusResponseSchema', () => []],
  ['health', 'RpcHealthResponseSchema', () => null],
  ['block', 'RpcBlockResponseSchema', () => final],
  ['block', 'RpcBlockResponseSchema', () => [here.chain.head.header.hash]],
  ['block', 'RpcBlockResponseSchema', () => ({ sync_checkpoint: 'genesis' })],
  ['chunk', 'RpcChunkResponseSchema', () => [sentChunk()]],
  ['chunk', 'RpcChunkResponseSchema', () => ({ block_id: 1, shard_id: 0 })],
  ['gas_price', 'RpcGasPriceResponseSchema', () => [null]],
  ['query', 'RpcQueryResponseSchema', () => ({ request_type: 'view_account', ...ofKeeper })],
  ['query', 'RpcQueryResponseSchema', () => ({ request_type: 'view_code', ...ofKeeper })],
  ['query', 'RpcQueryResponseSchema', () => ({ request_type: 'view_state', prefix_base64: '', ...ofKeeper })],
  ['query', 'RpcQueryResponseSchema', () => ({ request_type: 'view_access_key', ...key() })],
  ['query', 'RpcQueryResponseSchema', () => ({ request_type: 'view_access_key_list', ...ofKeeper })],
  [
    'query',
    'RpcQueryResponseSchema',
    () => ({ request_type: 'call_function', method_name: 'get', args_base64: '', ...ofKeeper }),
  ],
  ['tx', 'RpcTransactionResponseSchema', () => [hash, 'alice.test.near']],
  [
    'EXPERIMENTAL_tx_status',
    'FinalExecutionOutcomeWithReceiptViewSchema',
    () => ({ tx_hash: hash, sender_account_id: 'alice.test.near' }),
  ],
  [
    'EXPERIMENTAL_receipt',
    'RpcReceiptResponseSchema',
    () => ({ receipt_id: sent.transaction_outcome.outcome.receipt_ids[0] }),
  ],
  ['validators', 'RpcValidatorResponseSchema', () => [null]],
  ['EXPERIMENTAL_protocol_config', 'RpcProtocolConfigResponseSchema', () => final],
  ['genesis_config', 'GenesisConfigSchema', () => null],
  [
    'changes',
    'RpcStateChangesInBlockResponseSchema',
    () => ({ changes_type: 'account_changes', account_ids: ['bob.test.near'], block_id: busyHeight() }),
  ],
  [
    'changes',
    'RpcStateChangesInBlockResponseSchema',
    () => ({ changes_type: 'all_access_key_changes', account_ids: ['bob.test.near'], block_id: busyHeight() }),
  ],
  ['block_effects', 'RpcStateChangesInBlockByTypeResponseSchema', () => ({ block_id: busyHeight() })],
  [
    'next_light_client_block',
    'RpcLightClientNextBlockResponseSchema',
    () => [here.chain.blockByHeight(1)!.header.hash],
  ],
  [
    'light_client_proof',
    'RpcLightClientExecutionProofResponseSchema',
    () => ({
      type: 'transaction',
      transaction_hash: hash,
      sender_id: 'alice.test.near',
      light_client_head: here.chain.head.header.hash,
    }),
  ],
  [
    'EXPERIMENTAL_light_client_block_proof',
    'RpcLightClientBlockProofResponseSchema',
    () => ({ block_hash: here.chain.blockByHeight(1)!.header.hash, light_client_head: here.chain.head.header.hash }),
  ],
  ['client_config', 'RpcClientConfigResponseSchema', () => null],
  ['network_info', 'RpcNetworkInfoResponseSchema', () => null],
  ['EXPERIMENTAL_split_storage_info', 'RpcSplitStorageInfoResponseSchema', () => ({})],
  ['EXPERIMENTAL_congestion_level', 'RpcCongestionLevelResponseSchema', () => ({ block_id: 1, shard_id: 0 })],
]

const sentChunk = () => here.chain.blockByHash(sent.transaction_outcome.block_hash)!.chunk.hash
const busyHeight = () => here.chain.blockByHash(here.chain.outcome(hash)!.blockHash)!.header.height + 4

test.each(cases)('%s is a %s', async (method, schema, params) => {
  conforms(schema, await here.ask(method, params()))
})

test('send_tx and broadcast_tx_commit answer alike', async () => {
  conforms('RpcTransactionResponseSchema', sent)
  const { chain, ask } = here
  const transfer = [{ type: 'Transfer' as const, deposit: 5n }]
  const committed = await ask('broadcast_tx_commit', [
    signedBase64(chain, 'alice.test.near', 'bob.test.near', transfer),
  ])
  conforms('RpcTransactionResponseSchema', committed)
  expect(committed.status).toEqual({ SuccessValue: '' })
})

test('errors have the envelope of nearcore', async () => {
  for (const [method, params] of [
    ['block', { block_id: 10 ** 9 }],
    ['no_such_method', {}],
    ['block', {}],
    ['query', { request_type: 'view_account', account_id: 'nobody.near', finality: 'final' }],
  ] as const) {
    const { body } = await here.request(method, params)
    conforms('RpcErrorSchema', body.error)
  }
})

test('gas is accounted for in receipts, by category and name; transactions carry no profile', () => {
  expect(sent.transaction_outcome.outcome.metadata).toEqual({ version: 1, gas_profile: null })
  const { version, gas_profile } = sent.receipts_outcome[0].outcome.metadata
  const names = gas_profile.map(({ cost_category, cost }: Json) => `${cost_category} ${cost}`)
  expect(version).toBe(3)
  expect(names).toContain('WASM_HOST_COST WASM_INSTRUCTION')
  expect(names).toEqual(names.toSorted())
})
