import { buildContract } from '@dcml/contract-build'
import { beforeAll, expect, test } from 'vitest'
import {
  CHANNEL_STORAGE,
  CLOSE_FEE,
  HOST_PRICES,
  Key,
  modelWasm,
  NEAR,
  OWNER_PRICES,
  PROVIDER_STORAGE,
  World,
} from './world.ts'

const TERA = 10n ** 12n

let wasm: Uint8Array
let porWasm: Uint8Array
beforeAll(async () => {
  const entry = new URL('./por-contract.ts', import.meta.url).pathname
  ;[wasm, { wasm: porWasm }] = await Promise.all([modelWasm(), buildContract({ entry })])
})

/** Every method once, dearest case; what the call took with all it led to. */
function measured(): Map<string, { own: bigint; all: bigint }> {
  const world = new World(wasm, { protocolVersion: 86 })
  const por = world.chain.root.createAccount('por')
  por.deploy(porWasm)
  const gas = new Map<string, { own: bigint; all: bigint }>()
  const call: World['call'] = (by, method, args, options) => {
    const result = world.call(by, method, args, options)
    const own = result.trace.root.children[0]?.outcome?.gasBurnt ?? 0n
    gas.set(method, { own, all: result.gasBurnt })
    return result
  }
  const yocto = { deposit: 1n }
  const offer = { endpoint: 'https://bob.example', prices: HOST_PRICES, por_account: por.accountId }
  call(world.bob, 'register_provider', offer, { deposit: 100n * NEAR + PROVIDER_STORAGE })
  call(world.bob, 'update_provider', offer)
  call(world.bob, 'deposit_collateral', {}, { deposit: NEAR })
  call(world.bob, 'withdraw_collateral', { amount: NEAR }, yocto)
  call(world.bob, 'admit_session', { session_key: world.enclave.hex })
  const open = () =>
    BigInt(call(world.alice, 'open_channel', world.openArgs(), { deposit: NEAR + CHANNEL_STORAGE }).json())
  const start = (id: bigint) => call(world.alice, 'start_close', { channel_id: id }, { deposit: CLOSE_FEE })
  const used = { promptTokens: 10n, completionTokens: 20n }

  let id = open()
  call(world.alice, 'top_up', { channel_id: id }, { deposit: NEAR })
  call(world.alice, 'close', world.approval({ channelId: id, ...used }))
  id = open()
  start(id)
  call(world.bob, 'answer_close', world.approval({ channelId: id, ...used }))
  id = open()
  start(id)
  world.afterPeriod()
  call(world.alice, 'finish_close', { channel_id: id })
  for (const method of ['close_disconnected', 'close_invalid_response']) {
    id = open()
    por.call(por, 'say', { since: `${world.chain.head.header.timestamp}` })
    const proof = method === 'close_disconnected' ? {} : { proof: Buffer.alloc(1024, 7).toString('base64') }
    call(world.alice, method, { channel_id: id, ...proof })
  }
  id = open()
  world.afterExpiry()
  call(world.stranger, 'expire', { channel_id: id })
  const ghost = world.chain.root.createAccount('ghost', { balance: 10n * NEAR })
  id = world.openChannel(NEAR, ghost)
  ghost.send(ghost.accountId, [{ type: 'DeleteAccount', beneficiaryId: world.alice.accountId }])
  world.call(world.bob, 'close', world.approval({ channelId: id }), { mayFail: true })
  world.chain.root.createAccount('ghost', { balance: NEAR })
  call(world.stranger, 'collect_owed', { account: ghost.accountId })

  call(world.charlie, 'set_prices', { prices: OWNER_PRICES }, yocto)
  call(world.charlie, 'set_images', { image_hs: Array.from({ length: 16 }, (_, n) => new Key(`${n}`).hex) }, yocto)
  call(world.charlie, 'set_key_epoch', { key_epoch: '1' }, yocto)
  call(world.charlie, 'set_beneficiary', { beneficiary: world.charlie.accountId }, yocto)
  const leaver = world.chain.root.createAccount('leaver')
  world.host(leaver, NEAR)
  call(leaver, 'dismiss_session', { session_key: world.enclave.hex })
  call(leaver, 'leave', {}, yocto)
  return gas
}

test('gas: each method takes 15 Tgas at most with all it leads to, those that ask another contract 20', () => {
  const gas = measured()
  for (const [method, { own, all }] of gas) {
    expect(own, method).toBeLessThanOrEqual(15n * TERA)
    expect(all, method).toBeLessThanOrEqual((method.startsWith('close_') ? 20n : 15n) * TERA)
  }
  expect(gas.size).toBe(21)
})

test('gas: a call costs no more among many channels than among ten', () => {
  const among = (channels: number): bigint => {
    const world = new World(wasm, { protocolVersion: 86 })
    world.host()
    const first = world.openChannel()
    const row = JSON.stringify(world.model.view('channel', { channel_id: `${first}` }))
    const records = Array.from({ length: channels }, (_, n) => ({
      Data: {
        account_id: world.model.accountId,
        data_key: Buffer.from(`channel:${n + 1000}`).toString('base64'),
        value: Buffer.from(row).toString('base64'),
      },
    }))
    world.chain.patchState(records)
    const opened = world.call(world.alice, 'open_channel', world.openArgs(), { deposit: NEAR + CHANNEL_STORAGE })
    const id = BigInt(opened.json())
    const closed = world.call(world.alice, 'close', world.approval({ channelId: id, promptTokens: 1n }))
    return opened.gasBurnt + closed.gasBurnt
  }
  const [few, many] = [among(10), among(20_000)]

  expect(Number(many) / Number(few)).toBeLessThan(1.02)
})
