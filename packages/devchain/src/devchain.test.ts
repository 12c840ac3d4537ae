import { Account, JsonRpcProvider, KeyPairSigner, type KeyPairString } from 'near-api-js'
import { expect, test } from 'vitest'
import { hashHeader } from './chain/header.ts'
import { createDevchain } from './devchain.ts'

/** RPC's `BlockHeaderView`, as far as its hash covers it. */
interface HeaderView {
  readonly hash: string
  readonly height: number
  readonly prev_height: number
  readonly epoch_id: string
  readonly next_epoch_id: string
  readonly prev_hash: string
  readonly prev_state_root: string
  readonly outcome_root: string
  readonly timestamp_nanosec: string
  readonly next_bp_hash: string
  readonly block_merkle_root: string
  readonly block_body_hash: string
  readonly chunk_receipts_root: string
  readonly chunk_headers_root: string
  readonly chunk_tx_root: string
  readonly last_final_block: string
  readonly last_ds_final_block: string
  readonly gas_price: string
  readonly total_supply: string
  readonly random_value: string
  readonly block_ordinal: number
  readonly approvals: (string | null)[]
  readonly latest_protocol_version: 86
}

test("a block's hash can be computed again from what RPC shows of it", async () => {
  const chain = createDevchain({ epochLength: 10 })
  chain.root.transfer('near', 1n)
  chain.fastForward(25)
  chain.silence(['test.near'])
  chain.mine(2)
  for (const { header } of chain.blocks()) {
    const { header: view } = await chain.rpc<{ header: HeaderView }>('block', { block_id: header.hash })
    const { hash, innerRestHash } = hashHeader({
      height: view.height,
      prevHeight: view.prev_height,
      epochId: view.epoch_id,
      nextEpochId: view.next_epoch_id,
      prevHash: view.prev_hash,
      prevStateRoot: view.prev_state_root,
      outcomeRoot: view.outcome_root,
      timestamp: BigInt(view.timestamp_nanosec),
      nextBpHash: view.next_bp_hash,
      blockMerkleRoot: view.block_merkle_root,
      blockBodyHash: view.block_body_hash,
      chunkReceiptsRoot: view.chunk_receipts_root,
      chunkHeadersRoot: view.chunk_headers_root,
      chunkTxRoot: view.chunk_tx_root,
      validatorProposals: [],
      lastFinalBlock: view.last_final_block,
      lastDsFinalBlock: view.last_ds_final_block,
      gasPrice: BigInt(view.gas_price),
      totalSupply: BigInt(view.total_supply),
      randomValue: view.random_value,
      blockOrdinal: view.block_ordinal,
      approvals: view.approvals,
      author: header.author,
      chunkHash: header.chunkHash,
      protocolVersion: view.latest_protocol_version,
    })
    expect(hash).toBe(view.hash)
    expect(innerRestHash).toBe(header.innerRestHash)
  }
})

test('RPC in process answers and fails like RPC over HTTP', async () => {
  const chain = createDevchain()
  const server = await chain.serve()
  const ask = async (method: string, params: unknown) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const response = await fetch(server.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    return (await response.json()) as { result?: unknown; error?: unknown }
  }
  expect(await chain.rpc('block', { finality: 'final' })).toEqual((await ask('block', { finality: 'final' })).result)
  const missing = { request_type: 'view_account', account_id: 'ghost.near', finality: 'final' }
  const failure = await chain.rpc('query', missing).catch((error: Error) => error)
  expect(failure).toMatchObject({ code: 'devchain_rpc_failed', cause: (await ask('query', missing)).error })
  await server.close()
})

test('near-api-js reads the chain without HTTP', async () => {
  const chain = createDevchain()
  const provider = new JsonRpcProvider({ url: 'http://in.process' })
  provider.sendJsonRpc = (method, params) => chain.rpc(method, params)
  const { block_height } = await provider.viewAccount({ accountId: 'test.near' })
  expect(block_height).toBe(0)
  const { secretKey } = chain.root.key
  const account = new Account('test.near', provider, KeyPairSigner.fromSecretKey(secretKey as KeyPairString))
  await account.transfer({ receiverId: 'near', amount: 5n })
  expect(chain.account('near').balance % 10n).toBe(5n)
})
