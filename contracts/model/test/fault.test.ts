import { fromHex, utf8 } from '@dcml/protocol'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { approvalText, evidenceArgs, NODE, partiesOf, type Wrong } from './answers.ts'
import { PorNetwork } from './por-network.ts'
import {
  CHANNEL_STORAGE,
  CLOSE_FEE,
  challengeOf,
  eventsOf,
  json,
  Key,
  modelWasm,
  NEAR,
  prices,
  World,
} from './world.ts'

let wasm: Uint8Array
let world: World
let clean: number
let por: PorNetwork
let edge: bigint
beforeAll(async () => {
  wasm = await modelWasm()
  world = new World(wasm)
  por = new PorNetwork(world.chain)
  world.host(world.bob, 100n * NEAR, { por: por.id })
  por.register(world.bob, NODE)
  edge = por.join({ account: world.bob, key: NODE })
  clean = world.chain.snapshot()
})
beforeEach(() => world.chain.revert(clean))

const DEPOSIT = 10n * NEAR
const cutOff = () => por.cutOff(world.bob, edge)
const disconnected = (id: bigint) => world.call(world.alice, 'close_disconnected', { channel_id: id })
const parties = (id: bigint) => partiesOf(world, por.id, id)
const invalidArgs = (id: bigint, reply = 'no', wrong: Wrong = {}) => evidenceArgs(parties(id), reply, wrong)
const invalid = (id: bigint, wrong: Wrong = {}) =>
  world.call(world.alice, 'close_invalid_response', invalidArgs(id, 'no', wrong))
const denial = (result: Parameters<typeof eventsOf>[0]) => {
  const [event, data] = eventsOf(result).at(-1) ?? []
  return event === 'fault_denied' ? data?.why : event
}

test('a host at fault after the opening: the payer closes at once and is made whole', () => {
  for (const [close, cause] of [
    [disconnected, 'disconnected'],
    [invalid, 'invalid_response'],
  ] as const) {
    const before = world.wealth(world.alice)
    const treasury = world.wealth(world.treasury)
    const id = world.openChannel(DEPOSIT)
    if (cause === 'disconnected') cutOff()
    const result = close(id)
    expect(result.json()).toBe(true)
    expect(eventsOf(result).at(-1)?.[1]).toMatchObject({ cause, to_owner: `${DEPOSIT}` })
    expect(world.wealth(world.alice)).toBe(before)
    expect(world.wealth(world.treasury) - treasury).toBe(DEPOSIT)
    expect(world.surplus()).toBe(0n)
  }
})

test('during a forced closure the fee comes back with the rest', () => {
  for (const close of [disconnected, invalid]) {
    const id = world.openChannel(DEPOSIT)
    world.call(world.alice, 'start_close', { channel_id: id }, { deposit: CLOSE_FEE })
    if (close === disconnected) cutOff()
    const before = world.wealth(world.alice)
    expect(close(id).json()).toBe(true)
    expect(world.wealth(world.alice) - before).toBe(DEPOSIT + CLOSE_FEE + CHANNEL_STORAGE)
    expect(world.surplus()).toBe(0n)
  }
})

test('a host that is connected, was cut off before the opening, or whose network does not answer, keeps its lock', () => {
  const bob = world.bob.accountId
  const early = world.openChannel(DEPOSIT)
  expect(denial(disconnected(early))).toBe(`${bob} is connected`)
  cutOff()
  const late = world.openChannel(DEPOSIT)
  const held = world.held()
  expect(denial(disconnected(late))).toBe(`${bob} was cut off before the opening already`)
  por.account.deploy(wasm)
  const silent = world.call(world.alice, 'close_disconnected', { channel_id: early }, { mayFail: true })
  expect(denial(silent)).toBe('the Proof of Response contract does not say')
  expect(world.held()).toEqual(held)
  expect(world.surplus()).toBe(0n)
})

test('an answer counts only under the node key that the host has by now', () => {
  world.host(world.stranger, 100n * NEAR, { por: por.id })
  const id = world.openChannel(DEPOSIT, world.alice, { provider: world.stranger.accountId })
  const held = world.held()
  const close = () => {
    const args = evidenceArgs({ ...parties(id), provider: world.stranger.accountId }, 'no')
    return world.call(world.alice, 'close_invalid_response', args, { mayFail: true })
  }
  expect(denial(close())).toBe(`${world.stranger.accountId} is no node`)
  por.register(world.stranger, new Key('another node'))
  expect(denial(close())).toBe(`the answer is not signed by the node of ${world.stranger.accountId}`)
  por.account.deploy(wasm)
  expect(denial(close())).toBe('the Proof of Response contract does not say')
  expect(world.held()).toEqual(held)
})

test('whoever knows of a fault cannot raise the lock first, and so take all that the host has left', () => {
  const { bob, alice } = world
  const held = () => world.model.view<{ locked: string }>('provider', { account: bob.accountId }).locked
  const id = world.openChannel(NEAR)
  const evidence = invalidArgs(id)
  const raise = () => world.call(alice, 'top_up', { channel_id: id }, { deposit: 50n * NEAR })
  raise()
  expect(world.refused(alice, 'close_invalid_response', evidence)).toContain('about another opening')
  const other = world.openChannel(NEAR)
  cutOff()
  world.call(alice, 'top_up', { channel_id: other }, { deposit: 40n * NEAR })
  expect(denial(disconnected(other))).toBe(`${bob.accountId} was cut off before the last top-up already`)
  expect(held()).toBe(`${92n * NEAR}`)
  // what was at stake when the host fell silent, and what it signs from then on, still counts
  expect(disconnected(id).json()).toBe(true)
  expect(invalid(other).json()).toBe(true)
  expect(world.surplus()).toBe(0n)
})

test('a lock cannot be raised between the evidence and the verdict', () => {
  const id = world.openChannel(NEAR)
  const call = (methodName: string, args: object, deposit = 0n) => {
    const asked = utf8(JSON.stringify(json(args)))
    return { type: 'FunctionCall', methodName, args: asked, gas: 150n * 10n ** 12n, deposit } as const
  }
  const batch = [call('close_invalid_response', invalidArgs(id)), call('top_up', { channel_id: id }, 90n * NEAR)]
  const result = world.alice.send(world.model.accountId, batch, { mayFail: true })
  expect(denial(result)).toBe('the deposit was raised meanwhile')
  expect(world.surplus()).toBe(0n)
})

test('an approval over Proof of Response is no fault, and closes the channel', () => {
  const id = world.openChannel(DEPOSIT)
  const challenge = fromHex(challengeOf(1))
  const args = invalidArgs(id, approvalText(parties(id), world.enclave, challenge, prices))
  expect(world.refused(world.alice, 'close_invalid_response', args)).toContain('answered with the approval')
  const used = { promptTokens: 3n, completionTokens: 4n }
  world.call(world.alice, 'close', world.approval({ channelId: id, ...used }))
  expect(world.surplus()).toBe(0n)
})

test('an answer of before the opening, of a former channel or to a request that no host could answer is none', () => {
  const former = world.openChannel(DEPOSIT)
  const old = invalidArgs(former)
  world.call(world.alice, 'close', world.approval({ channelId: former }))
  expect(world.refused(world.alice, 'close_invalid_response', old)).toContain(`there is no open channel ${former}`)
  const id = world.openChannel(DEPOSIT)
  const held = world.held()
  const replayed = { ...old, channel_id: id }
  expect(world.refused(world.alice, 'close_invalid_response', replayed)).toContain('about another opening')
  for (const [wrong, why] of [
    [{ asked: { seed: new Uint8Array(32) } }, 'about another opening'],
    [{ request: { app: 'dcml/ping' } }, 'another application'],
    [{ request: { service: 0 } }, 'less than 120000 ms'],
    [{ responseKey: new Key('alice’s node') }, 'the signature under the response'],
  ] as const)
    expect(world.refused(world.alice, 'close_invalid_response', invalidArgs(id, 'no', wrong))).toContain(why)
  expect(world.held()).toEqual(held)
})

test('a payer key that signs everything on chain, and nothing for an enclave, shows no fault', () => {
  // the neutral element, under which R = sB holds for every message; here s = 1
  const [neutral, base] = ['01'.padEnd(64, '0'), '58'.padEnd(64, '6')]
  const sign = () => fromHex(base + neutral)
  const payer = { publicKey: fromHex(neutral), hex: neutral, sign } as unknown as Key
  const id = world.openChannel(DEPOSIT, world.alice, { payer_key: neutral })
  const args = evidenceArgs({ ...parties(id), payer }, 'no')
  expect(world.refused(world.alice, 'close_invalid_response', args)).toContain('not everyone takes')
})

test('two channels on one challenge have different seeds, unknown before the opening', () => {
  const seeds = [1, 2, 3].map(() => Buffer.from(parties(world.openChannel(DEPOSIT)).seed).toString('hex'))
  expect(new Set(seeds).size).toBe(3)
})

test('the question is the payer’s, about the contract that stood at the opening', () => {
  const id = world.openChannel(DEPOSIT)
  const offer = { endpoint: '', prices: { input: 0n, output: 0n }, por_account: null }
  world.call(world.bob, 'update_provider', offer)
  cutOff()
  const args = invalidArgs(id)
  for (const method of ['close_disconnected', 'close_invalid_response']) {
    const asked = method === 'close_disconnected' ? { channel_id: id } : args
    expect(world.refused(world.stranger, method, asked)).toContain('only the payer')
  }
  const without = world.openChannel(NEAR, world.alice)
  expect(world.refused(world.alice, 'close_disconnected', { channel_id: without })).toContain('no Proof of Response')
  expect(disconnected(id).json()).toBe(true)
  for (const by of [world.alice, world.bob]) {
    expect(world.refused(by, 'judged', { channel_id: without })).toContain('only the contract itself')
    const verdict = { channel_id: without, node_key: NODE.hex, seed: NODE.hex }
    expect(world.refused(by, 'judged_answer', verdict)).toContain('only the contract itself')
  }
})
