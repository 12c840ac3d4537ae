// near-api-js 7 as it comes from npm, over a chain in this process.
import { Account, actions, type IdType, JsonRpcProvider, KeyPair, KeyPairSigner, type KeyPairString } from 'near-api-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Chain } from '../src/chain/chain.ts'
import { type RpcServer, serveRpc } from '../src/rpc/index.ts'
import { keeper } from './rpc-scene.ts'

const NEAR = 10n ** 24n

let server: RpcServer
let provider: JsonRpcProvider
let chain: Chain
let root: Account

beforeAll(async () => {
  chain = new Chain()
  server = await serveRpc(chain)
  provider = new JsonRpcProvider({ url: server.url })
  root = as('test.near', chain.keyOf('test.near').secretKey)
})
afterAll(() => server.close())

const as = (accountId: string, secretKey: string): Account =>
  new Account(accountId, provider, KeyPairSigner.fromSecretKey(secretKey as KeyPairString))

async function make(prefix: string, amount = 10n * NEAR): Promise<Account> {
  const key = KeyPair.fromRandom('ed25519')
  await root.createSubAccount({ accountOrPrefix: prefix, publicKey: key.getPublicKey(), nearToTransfer: amount })
  return as(`${prefix}.test.near`, key.toString())
}

test('accounts are made, paid and deleted', async () => {
  const alice = await make('alice')
  const { balance } = await alice.getState()
  expect(balance.total).toBe(10n * NEAR)
  await root.transfer({ receiverId: alice.accountId, amount: NEAR })
  expect((await alice.getState()).balance.total).toBe(11n * NEAR)
  await alice.deleteAccount('test.near')
  await expect(alice.getState()).rejects.toThrow()
})

test('contracts are deployed, called and viewed, and what they panic with is told', async () => {
  const contract = await make('kept')
  await contract.deployContract(keeper)
  await root.callFunction({
    contractId: contract.accountId,
    methodName: 'set',
    args: { hello: 'seven' },
    gas: 50n * 10n ** 12n,
  })
  expect(await provider.callFunction({ contractId: contract.accountId, method: 'get', args: {} })).toEqual({
    hello: 'seven',
  })
  const failing = root.callFunction({
    contractId: contract.accountId,
    methodName: 'boom',
    args: {},
    gas: 50n * 10n ** 12n,
  })
  await expect(failing).rejects.toThrow(/Smart contract panicked: no/)
  const state = await contract.getContractState()
  expect(state.values).toHaveLength(1)
})

test('keys are listed, added and removed', async () => {
  const bob = await make('bob')
  const key = KeyPair.fromRandom('ed25519').getPublicKey()
  await bob.addFunctionCallAccessKey({
    publicKey: key,
    contractId: 'kept.test.near',
    methodNames: ['set'],
    allowance: NEAR,
  })
  expect((await bob.getAccessKeyList()).keys).toHaveLength(2)
  await bob.deleteKey(key)
  expect((await bob.getAccessKeyList()).keys).toHaveLength(1)
})

test('a meta transaction is paid by its relayer', async () => {
  const carol = await make('carol', NEAR)
  const bob = new Account('bob.test.near', provider)
  const before = (await bob.getState()).balance.total
  const { signedDelegate } = await carol.createSignedMetaTransaction({
    receiverId: 'bob.test.near',
    actions: [actions.transfer(NEAR / 10n)],
  })
  await root.signAndSendTransaction({ receiverId: carol.accountId, actions: [actions.signedDelegate(signedDelegate)] })
  // the deposit is the relayer's too (NEP-366)
  expect((await carol.getState()).balance.total).toBe(NEAR)
  expect((await bob.getState()).balance.total - before).toBe(NEAR / 10n)
})

test('many transactions at once find their nonces', async () => {
  const dave = await make('dave')
  await Promise.all([1n, 2n, 3n, 4n, 5n].map((amount) => root.transfer({ receiverId: dave.accountId, amount })))
  expect((await dave.getState()).balance.total).toBe(10n * NEAR + 15n)
})

test('blocks, validators and proofs are there to ask', async () => {
  const { header } = await provider.viewBlock({ finality: 'final' })
  expect(header.height).toBeGreaterThan(0)
  const validators = await provider.viewValidators()
  expect(validators.current_validators[0]?.account_id).toBe('test.near')
  const sent = await root.transfer({ receiverId: 'bob.test.near', amount: 1n })
  const { hash } = (sent as unknown as { transaction: { hash: string } }).transaction
  const next = await provider.nextLightClientBlock({ last_block_hash: chain.genesis.header.hash })
  const { height } = (next as unknown as { inner_lite: { height: number } }).inner_lite
  const proof = await provider.lightClientProof({
    type: 'transaction' as IdType,
    light_client_head: chain.blockByHeight(height)?.header.hash as string,
    transaction_hash: hash,
    sender_id: 'test.near',
  })
  expect(proof).toHaveProperty('outcome_proof')
})
