// near-workspaces 5 as it comes from npm, with our launcher where it looks for nearcore's binary.
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NearAccount, Worker } from 'near-workspaces'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { installLauncher } from '../src/sandbox/launcher.ts'
import { hashOf } from '../src/wire/hash.ts'
import { keeper } from './rpc-scene.ts'

const NEAR = 10n ** 24n

let dir: string
let worker: Worker
let root: NearAccount

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'devchain-workspaces-'))
  const { binPath } = installLauncher(dir)
  process.env.NEAR_SANDBOX_BIN_PATH = binPath
  process.env.NEAR_SANDBOX_BINARY_PATH = dir
  const workspaces = await import('near-workspaces')
  worker = await workspaces.Worker.init()
  root = worker.rootAccount
})
afterAll(async () => {
  await worker?.tearDown()
  rmSync(dir, { recursive: true, force: true })
})

/** Its types promise a bigint; what it returns is the text. */
const total = async (account: NearAccount): Promise<bigint> => BigInt((await account.balance()).total)

const height = async (): Promise<number> => {
  const provider = worker.provider as unknown as { block(ref: object): Promise<{ header: { height: number } }> }
  return (await provider.block({ finality: 'final' })).header.height
}

test('accounts are made, paid and deleted', async () => {
  const alice = await root.createSubAccount('alice', { initialBalance: 10n * NEAR })
  expect(alice.accountId).toBe('alice.test.near')
  expect(await total(alice)).toBe(10n * NEAR)
  await root.transfer(alice, NEAR)
  expect(await total(alice)).toBe(11n * NEAR)
  expect(BigInt((await alice.balance()).available)).toBeLessThan(11n * NEAR)
  await alice.delete(root.accountId)
  expect(await alice.exists()).toBe(false)
  await expect(alice.accountView()).rejects.toThrow(/account alice.test.near doesn't exist/)
})

test('contracts are deployed, called and viewed', async () => {
  const contract = await root.devDeploy(keeper)
  expect(Buffer.compare(await contract.viewCode(), keeper)).toBe(0)
  await root.call(contract, 'set', { hello: 'world' })
  expect(await contract.view('get')).toEqual({ hello: 'world' })
  const state = await contract.viewState()
  expect(state.getRaw('kept').toString()).toBe('{"hello":"world"}')
  await expect(root.call(contract, 'boom', {})).rejects.toThrow(/Smart contract panicked: no/)
  const raw = await root.callRaw(contract, 'tell', {})
  expect(raw.logs).toEqual(['kept'])
  expect(BigInt(raw.gas_burnt)).toBeGreaterThan(10n ** 12n)
  const failed = await root.callRaw(contract, 'nothing', {})
  expect(failed.receiptFailureMessages.join()).toMatch(/MethodNotFound/)
  await expect(contract.view('nothing')).rejects.toThrow('Contract method is not found')
})

test('batches run whole or not at all', async () => {
  const contract = await root.devDeploy(keeper)
  const failed = await root.batch(contract).functionCall('set', { step: 1 }).functionCall('boom', {}).transact()
  expect(failed.failed).toBe(true)
  expect(await contract.viewStateRaw()).toEqual([])
})

test('keys are listed, added and used', async () => {
  const { KeyPair } = await import('near-workspaces')
  const carol = await root.createSubAccount('carol', { initialBalance: 5n * NEAR })
  const key = KeyPair.fromRandom('ed25519')
  const full = { nonce: 0, permission: { fullAccess: {} } } as unknown as Parameters<typeof noKey.addKey>[1]
  const noKey = carol.batch(carol)
  await noKey.addKey(key.getPublicKey(), full).transact()
  expect((await carol.viewAccessKeys(carol.accountId)).keys).toHaveLength(2)
  const result = await carol.batch(root).transfer(1n).transact(key)
  expect(result.succeeded).toBe(true)
  const { permission } = await carol.viewAccessKey(carol.accountId, key.getPublicKey())
  expect(permission).toBe('FullAccess')
})

test('state is patched', async () => {
  const dave = await root.createSubAccount('dave', { initialBalance: 5n * NEAR })
  await dave.updateAccount({ amount: (77n * NEAR).toString() })
  expect(await total(dave)).toBe(77n * NEAR)
  const code_hash = hashOf(keeper)
  await dave.updateAccount({ amount: (77n * NEAR).toString(), code_hash })
  await dave.updateContract(Buffer.from(keeper))
  await dave.patchState('kept', 'patched')
  const { result } = await dave.viewRaw('get')
  expect(Buffer.from(result).toString()).toBe('patched')
})

test('time is forwarded: 10,000 blocks, and few more', async () => {
  const before = await height()
  await worker.provider.fastForward(10_000)
  const after = await height()
  expect(after - before).toBeGreaterThanOrEqual(10_000)
  expect(after - before).toBeLessThan(10_100)
})
