// near-kit as it comes from npm: its sandbox over our launcher, its client over our RPC.
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKey, Near } from 'near-kit'
import { EMPTY_CODE_HASH, Sandbox } from 'near-kit/sandbox'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { installLauncher } from '../src/sandbox/launcher.ts'
import { keeper } from './rpc-scene.ts'

let dir: string
let sandbox: Sandbox
let near: Near

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'devchain-kit-'))
  const { binPath } = installLauncher(dir)
  sandbox = await Sandbox.start({ binaryPath: binPath })
  near = new Near({ network: sandbox })
})
afterAll(async () => {
  await sandbox?.stop()
  rmSync(dir, { recursive: true, force: true })
})

const root = () => sandbox.rootAccount.id
const account = `user.${'test.near'}`

test('the node tells of itself', async () => {
  const status = await near.getStatus()
  expect(status.chain_id).toBe('localnet')
  expect(status.sync_info.syncing).toBe(false)
})

test('accounts are made with keys, funded and deleted', async () => {
  const { publicKey } = generateKey()
  await near
    .transaction(root())
    .createAccount(account)
    .transfer(account, '10 NEAR')
    .addKey(publicKey.toString(), { type: 'fullAccess' })
    .send()
  expect(await near.accountExists(account)).toBe(true)
  expect(await near.getBalance(account)).toBe('9.99')
  expect((await near.getAccessKeys(account)).keys).toHaveLength(1)
  expect(await near.accountExists('nobody.test.near')).toBe(false)
  await expect(near.getBalance('nobody.test.near')).rejects.toThrow(/nobody.test.near/)
})

test('contracts are deployed, called, viewed and paged through', async () => {
  const contract = 'kept.test.near'
  await near
    .transaction(root())
    .createAccount(contract)
    .transfer(contract, '20 NEAR')
    .deployContract(contract, keeper)
    .functionCall(contract, 'set', { hello: 'kit' }, { gas: '50 Tgas' })
    .send({ waitUntil: 'FINAL' })
  expect(await near.view(contract, 'get')).toEqual({ hello: 'kit' })
  expect((await near.getContractCode(contract)).code).toBeDefined()
  const items = []
  for await (const item of near.viewStateAll(contract, { limit: 1 })) items.push(item)
  expect(items).toHaveLength(1)
  await expect(near.call(contract, 'boom', {}, { signerId: root() })).rejects.toThrow(/Smart contract panicked: no/)
  await expect(near.view(contract, 'nothing')).rejects.toThrow(/MethodNotFound/)
})

test('a transaction is found again, with its receipts and their origin', async () => {
  const sent = await near.transaction(root()).transfer(account, '1 NEAR').send()
  const hash = sent.transaction?.hash as string
  const status = await near.getTransactionStatus(hash, root(), 'FINAL')
  expect(status.receipts.length).toBeGreaterThan(0)
  const [receipt] = sent.transaction_outcome?.outcome.receipt_ids ?? []
  expect(await near.rpc.receiptToTx(receipt as string)).toMatchObject({ transaction_hash: hash })
})

let gasKey: string
let gasKeyNonces: readonly unknown[]

test('gas keys have nonces of their own', async () => {
  const key = generateKey()
  const publicKey = key.publicKey.toString()
  await near
    .transaction(root())
    .addKey(publicKey, { type: 'gasKeyFullAccess', numNonces: 3 })
    .transferToGasKey(publicKey, '1 NEAR')
    .send()
  gasKey = publicKey
  gasKeyNonces = (await near.rpc.getGasKeyNonces(root(), publicKey)).nonces
  expect(gasKeyNonces).toHaveLength(3)
})

const user = 'shared.test.near'

test('a global contract is published once and used by others', async () => {
  await near.transaction(root()).publishContract(keeper, { identifiedBy: 'hash' }).send({ waitUntil: 'FINAL' })
  const { createHash } = await import('node:crypto')
  const codeHash = createHash('sha256').update(keeper).digest()
  await near
    .transaction(root())
    .createAccount(user)
    .transfer(user, '5 NEAR')
    .deployFromPublished({ codeHash })
    .functionCall(user, 'set', { shared: true }, { gas: '50 Tgas' })
    .send()
  expect(await near.view(user, 'get')).toEqual({ shared: true })
})

test('state is patched, dumped, restored; the chain restarts with it', async () => {
  await sandbox.patchState([
    {
      Account: {
        account_id: 'patched.near',
        account: { amount: '5', locked: '0', code_hash: EMPTY_CODE_HASH, storage_usage: 100, version: 'V1' },
      },
    },
  ])
  const balance = async () => (await near.rpc.getAccount('patched.near')).amount
  expect(await balance()).toBe('5')
  const dump = await sandbox.dumpState()
  expect(dump.records.length).toBeGreaterThan(4)
  await sandbox.restart(dump)
  expect(await balance()).toBe('5')
  expect(await near.view('kept.test.near', 'get')).toEqual({ hello: 'kit' })
  expect(await near.view(user, 'get')).toEqual({ shared: true })
  expect((await near.rpc.getGasKeyNonces(root(), gasKey)).nonces).toEqual(gasKeyNonces)
  await sandbox.restoreState(await sandbox.dumpState())
  expect(await near.view(user, 'get')).toEqual({ shared: true })
})

test('blocks are skipped', async () => {
  const height = async () => (await near.rpc.getStatus()).sync_info.latest_block_height
  const before = await height()
  await sandbox.fastForward(1000)
  expect(await height()).toBeGreaterThanOrEqual(before + 1000)
})
