import { buildContract } from '@dcml/contract-build'
import type { DevAccount } from '@dcml/devchain'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { CHANNEL_STORAGE, CLOSE_FEE, eventsOf, modelWasm, NEAR, World } from './world.ts'

let wasm: Uint8Array
let porWasm: Uint8Array
let world: World
let clean: number
let por: DevAccount
beforeAll(async () => {
  const entry = new URL('./por-contract.ts', import.meta.url).pathname
  ;[wasm, { wasm: porWasm }] = await Promise.all([modelWasm(), buildContract({ entry })])
  world = new World(wasm)
  por = world.chain.root.createAccount('por')
  por.deploy(porWasm)
  world.host(world.bob, 100n * NEAR, { por: por.accountId })
  clean = world.chain.snapshot()
})
beforeEach(() => world.chain.revert(clean))

const DEPOSIT = 10n * NEAR
const now = () => world.chain.head.header.timestamp
const say = (since: bigint | null) => por.call(por, 'say', { since: since === null ? null : `${since}` })
const disconnected = (id: bigint) => world.call(world.alice, 'close_disconnected', { channel_id: id })
const invalid = (id: bigint, proof = 'AQID') =>
  world.call(world.alice, 'close_invalid_response', { channel_id: id, proof })

test('a host cut off after the opening: the payer closes at once and is made whole', () => {
  for (const [close, cause] of [
    [disconnected, 'disconnected'],
    [invalid, 'invalid_response'],
  ] as const) {
    const before = world.wealth(world.alice)
    const treasury = world.wealth(world.treasury)
    const id = world.openChannel(DEPOSIT)
    say(now())
    const result = close(id)
    expect(result.json()).toBe(true)
    expect(eventsOf(result).at(-1)?.[1]).toMatchObject({ cause, to_owner: `${DEPOSIT}` })
    expect(world.wealth(world.alice)).toBe(before)
    expect(world.wealth(world.treasury) - treasury).toBe(DEPOSIT)
    expect(world.surplus()).toBe(0n)
  }
})

test('during a forced closure the fee comes back with the rest', () => {
  const id = world.openChannel(DEPOSIT)
  world.call(world.alice, 'start_close', { channel_id: id }, { deposit: CLOSE_FEE })
  say(now())
  const change = world.change(world.alice, () => disconnected(id))
  expect(change).toBe(DEPOSIT + CLOSE_FEE + CHANNEL_STORAGE)
  expect(world.surplus()).toBe(0n)
})

test('a host that is connected, was cut off before the opening, or whose network does not answer, keeps its lock', () => {
  const earlier = now()
  const id = world.openChannel(DEPOSIT)
  const held = world.held()
  for (const since of [null, 0n, earlier]) {
    say(since)
    for (const close of [disconnected, invalid]) expect(close(id).json()).toBe(false)
  }
  say(now())
  expect(invalid(id, '').json()).toBe(false)
  por.deploy(wasm)
  const silent = world.call(world.alice, 'close_disconnected', { channel_id: id }, { mayFail: true })
  expect(eventsOf(silent).at(-1)?.[0]).toBe('fault_denied')
  expect(world.held()).toEqual(held)
  expect(world.surplus()).toBe(0n)
})

test('the question is the payer’s, about the contract that stood at the opening', () => {
  const id = world.openChannel(DEPOSIT)
  const offer = { endpoint: '', prices: { input: 0n, output: 0n }, por_account: null }
  world.call(world.bob, 'update_provider', offer)
  say(now())
  expect(world.refused(world.stranger, 'close_disconnected', { channel_id: id })).toContain('only the payer')
  const without = world.openChannel(NEAR, world.alice)
  expect(world.refused(world.alice, 'close_disconnected', { channel_id: without })).toContain('no Proof of Response')
  expect(disconnected(id).json()).toBe(true)
  for (const by of [world.alice, world.bob])
    expect(world.refused(by, 'judged', { channel_id: without, cause: 'disconnected' })).toContain(
      'only the contract itself',
    )
})
