import { expect, test } from 'vitest'
import { CHANNEL_STORAGE, CLOSE_FEE, eventsOf, Key, modelWasm, NEAR, useCleanWorld, World } from './world.ts'

let world: World
useCleanWorld((clean) => {
  world = clean
})

const DEPOSIT = 10n * NEAR
/** Gas costs ten times what it costs at mainnet's lowest price, which is the usual one. */
const DEARER = 10n
/** What everybody has before and after; gas is counted apart. */
const wealth = () =>
  [world.alice, world.bob, world.treasury].map((account) => world.wealth(account)) as [bigint, bigint, bigint]
const changes = (doing: () => void) => {
  const before = wealth()
  doing()
  expect(world.surplus()).toBe(0n)
  return wealth().map((now, at) => now - (before[at] as bigint))
}
const startClose = (id: bigint, by = world.alice) =>
  world.call(by, 'start_close', { channel_id: id }, { deposit: CLOSE_FEE })
const finish = (id: bigint, by = world.stranger) => world.call(by, 'finish_close', { channel_id: id })
const used = { promptTokens: 1_000n, completionTokens: 300_000n }

test('nobody is silent: everyone gets theirs at once, and closing costs gas alone', () => {
  world.host()
  const free = world.free()
  const { owner, host, spent } = world.shares(used.promptTokens, used.completionTokens)
  const result = changes(() => {
    const id = world.openChannel(DEPOSIT)
    expect(world.free()).toBe(free - DEPOSIT)
    const closed = world.call(world.alice, 'close', world.approval({ channelId: id, ...used }))
    const to = { to_owner: `${owner}`, to_provider: `${host}`, to_payer: `${DEPOSIT - spent + CHANNEL_STORAGE}` }
    expect(eventsOf(closed)).toEqual([
      ['channel_closed', { channel_id: `${id}`, spent: `${spent}`, counter: '1', ...to, answered: false }],
    ])
  })
  expect(result).toEqual([-spent, host, owner])
  expect(world.free()).toBe(free)
})

test('host silent: the payer is made whole with its fee, the lock pays the owner', () => {
  world.host()
  const free = world.free()
  const result = changes(() => {
    const id = world.openChannel(DEPOSIT)
    const started = startClose(id)
    expect(eventsOf(started)[0]?.[1]).toMatchObject({
      fee: `${CLOSE_FEE}`,
      expired: false,
      session_key: world.enclave.hex,
    })
    expect(world.refused(world.alice, 'finish_close', { channel_id: id })).toContain('the challenge period is not over')
    world.afterPeriod()
    finish(id)
  })
  expect(result).toEqual([0n, 0n, DEPOSIT])
  expect(world.free()).toBe(free - DEPOSIT)
})

test('payer silent: once the channel has expired, anyone ends it on the enclave’s approval', () => {
  world.host()
  const { owner, host, spent } = world.shares(used.promptTokens, used.completionTokens)
  const result = changes(() => {
    const id = world.openChannel(DEPOSIT)
    expect(world.refused(world.stranger, 'expire', { channel_id: id })).toContain('has not expired')
    world.afterExpiry()
    const [event] = eventsOf(world.call(world.stranger, 'expire', { channel_id: id }))
    expect(event?.[1]).toMatchObject({ fee: '0', expired: true })
    world.call(world.bob, 'answer_close', world.approval({ channelId: id, ...used }))
  })
  expect(result).toEqual([-spent, host, owner])
})

test('payer and host silent: after expiry and challenge period anyone makes the payer whole', () => {
  world.host()
  const result = changes(() => {
    const id = world.openChannel(DEPOSIT)
    world.afterExpiry()
    world.call(world.stranger, 'expire', { channel_id: id })
    world.afterPeriod()
    finish(id)
  })
  expect(result).toEqual([0n, 0n, DEPOSIT])
})

test('a payer who forces closures pays the fee; it is what the host’s answer costs', () => {
  world.host()
  const gas = world.gasOf(world.bob)
  const result = changes(() => {
    const id = world.openChannel(DEPOSIT)
    startClose(id)
    world.call(world.bob, 'answer_close', world.approval({ channelId: id }))
  })
  expect(result).toEqual([-CLOSE_FEE, CLOSE_FEE, 0n])
  expect(world.free()).toBe(100n * NEAR)
  expect((world.gasOf(world.bob) - gas) / DEARER < (CLOSE_FEE * 11n) / 10n).toBe(true)
})

test('a host that withholds approvals earns nothing: the fee does not pay the gas of its answer', () => {
  world.host()
  const { owner, host, spent } = world.shares(used.promptTokens, used.completionTokens)
  const honest = changes(() =>
    world.call(world.alice, 'close', world.approval({ channelId: world.openChannel(DEPOSIT), ...used })),
  )
  const gas = world.gasOf(world.bob)
  const withheld = changes(() => {
    const id = world.openChannel(DEPOSIT)
    startClose(id)
    expect(world.refused(world.bob, 'withdraw_collateral', { amount: 95n * NEAR }, { deposit: 1n })).toContain(
      'are free',
    )
    world.call(world.bob, 'answer_close', world.approval({ channelId: id, ...used }))
  })
  expect(honest).toEqual([-spent, host, owner])
  expect(withheld).toEqual([-spent - CLOSE_FEE, host + CLOSE_FEE, owner])
  expect(CLOSE_FEE < (world.gasOf(world.bob) - gas) / DEARER).toBe(true)
})

test('the fee cannot be made worth withholding for', async () => {
  const wasm = await modelWasm()
  expect(() => new World(wasm, { closeFee: NEAR })).toThrow('the closing fee may be')
})

test('payer = host: using all of it offline, then closing unanswered, costs what the tokens cost', () => {
  world.host()
  const bob = world.bob
  const before = world.wealth(bob)
  const id = world.openChannel(DEPOSIT, bob)
  // the enclave is unplugged; every token of the deposit was used
  startClose(id, bob)
  world.afterPeriod()
  world.call(bob, 'finish_close', { channel_id: id })
  const collateral = world.free()
  expect(collateral).toBe(100n * NEAR - DEPOSIT)
  const theft = before - world.wealth(bob) + (100n * NEAR - collateral)
  expect(theft).toBe(DEPOSIT)

  // honestly, the same use costs the owner's share alone
  const honest = world.change(bob, () => {
    const used = world.shares(0n, 1_000_000n)
    expect(used.spent).toBe(DEPOSIT)
    const again = world.openChannel(DEPOSIT, bob)
    world.call(bob, 'close', world.approval({ channelId: again, completionTokens: 1_000_000n }))
    expect(world.wealth(world.treasury)).toBe(1000n * NEAR + DEPOSIT + used.owner)
  })
  expect(-honest < theft).toBe(true)
  expect(world.surplus()).toBe(0n)
})

test('an answer counts until the deadline and not from it on, whoever brings it', () => {
  world.host()
  const id = world.openChannel(DEPOSIT)
  const approval = world.approval({ channelId: id, ...used })
  expect(world.refused(world.bob, 'answer_close', approval)).toContain('nobody forces this closure')
  expect(world.refused(world.bob, 'finish_close', { channel_id: id })).toContain('nobody forces this closure')
  startClose(id)
  const inTime = world.chain.snapshot()
  world.call(world.stranger, 'close', approval)
  expect(world.model.view('channel', { channel_id: `${id}` })).toBe(null)
  world.chain.revert(inTime)
  world.afterPeriod()
  for (const method of ['close', 'answer_close'])
    expect(world.refused(world.bob, method, approval)).toContain('the challenge period is over')
  finish(id)
  expect(world.surplus()).toBe(0n)
})

test('only the payer forces a closure, once, for exactly the fee; a closing channel takes no more', () => {
  world.host()
  const id = world.openChannel(DEPOSIT)
  const start = (by = world.alice, deposit = CLOSE_FEE) =>
    world.refused(by, 'start_close', { channel_id: id }, { deposit })
  for (const by of [world.bob, world.charlie, world.stranger]) expect(start(by)).toContain('only the payer')
  for (const fee of [0n, CLOSE_FEE - 1n, CLOSE_FEE + 1n]) expect(start(world.alice, fee)).toContain('attach exactly')
  world.call(world.alice, 'top_up', { channel_id: id }, { deposit: NEAR })
  startClose(id)
  expect(start()).toContain('is closing already')
  expect(world.refused(world.alice, 'top_up', { channel_id: id }, { deposit: NEAR })).toContain(
    'the channel is closing',
  )
  world.afterExpiry()
  expect(world.refused(world.stranger, 'expire', { channel_id: id })).toContain('is closing already')
  expect(changes(() => finish(id))).toEqual([DEPOSIT + NEAR + CLOSE_FEE + CHANNEL_STORAGE, 0n, DEPOSIT + NEAR])
})

test('an enclave answers zero for a channel of its key that was never established', () => {
  world.host()
  const attacker = new Key('attacker')
  const result = changes(() => {
    const id = world.openChannel(DEPOSIT, world.alice, { challenge: 'ab'.repeat(32), payer_key: attacker.hex })
    startClose(id)
    world.call(world.stranger, 'answer_close', world.approval({ channelId: id, challenge: 'ab'.repeat(32) }))
  })
  expect(result).toEqual([-CLOSE_FEE, CLOSE_FEE, 0n])
})
