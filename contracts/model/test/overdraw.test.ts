import { expect, test } from 'vitest'
import { challengeOf, Key, NEAR, useCleanWorld, type World } from './world.ts'

let world: World
useCleanWorld((clean) => {
  world = clean
})

test('overdraw: payer, host and a broken enclave together get nothing of another channel’s deposit', () => {
  world.host()
  // an honest channel that fills the contract, and a thief's small one, with an enclave that signs anything
  const honest = world.openChannel(50n * NEAR)
  const thief = world.chain.root.createAccount('thief', { balance: 100n * NEAR })
  const broken = new Key('broken')
  world.host(thief, 20n * NEAR, { key: broken })
  const small = world.openChannel(NEAR, thief, { provider: thief.accountId, session_key: broken.hex })
  const owned = world.wealth(thief)
  const held = world.held()

  const tokens = 10n ** 6n
  const { spent } = world.shares(tokens, tokens)
  expect(spent > NEAR).toBe(true)
  const most = world.shares(0n, 100_000n).spent
  expect(most).toBe(NEAR)
  const attempts: [string, object, string][] = [
    ['more than the deposit', { promptTokens: tokens, completionTokens: tokens }, 'were spent of a deposit of'],
    ['a yocto more', { completionTokens: 100_000n, spent: NEAR + 1n }, 'the tokens do not cost what was spent'],
    ['one token more', { completionTokens: 100_001n }, 'were spent of a deposit of'],
    ['tokens for nothing', { completionTokens: 100_000n, spent: 0n }, 'the tokens do not cost what was spent'],
    ['sums beyond u64', { promptTokens: 2n ** 64n - 1n }, 'were spent of a deposit of'],
  ]
  for (const [name, delivered, why] of attempts) {
    const approval = world.approval({ channelId: small, ...delivered }, broken)
    expect(world.refused(thief, 'close', approval), name).toContain(why)
  }
  const foreign = world.approval({ channelId: honest, completionTokens: 10n }, broken)
  expect(world.refused(thief, 'close', foreign)).toContain('the signature is not the session key’s')
  expect(world.held()).toEqual(held)
  expect(world.surplus()).toBe(0n)

  // the whole deposit is the most; a second time there is no channel
  const all = world.approval({ channelId: small, completionTokens: 100_000n }, broken)
  world.call(thief, 'close', all)
  expect(world.refused(thief, 'close', all)).toContain(`there is no open channel ${small}`)
  expect(world.wealth(thief) - owned < NEAR).toBe(true)
  world.call(world.stranger, 'close', world.approval({ channelId: honest, completionTokens: 5_000_000n }))
  expect(world.surplus()).toBe(0n)
})

test('an approval counts for one channel, contract, network, challenge and enclave alone', () => {
  world.host()
  const first = world.openChannel()
  const second = world.openChannel(10n * NEAR, world.alice, { challenge: challengeOf(2) })
  const foreign: [object, string][] = [
    [world.approval({ channelId: first, contract: 'other.test.near' }), 'the signature'],
    [world.approval({ channelId: first, networkId: 'mainnet' }), 'the signature'],
    [world.approval({ channelId: first }, new Key('another enclave')), 'the signature'],
    [world.approval({ channelId: first, challenge: challengeOf(2) }), 'another challenge'],
    [{ ...world.approval({ channelId: first }), channel_id: second }, 'another challenge'],
    [{ ...world.approval({ channelId: first }), channel_id: second, challenge: challengeOf(2) }, 'the signature'],
    [{ ...world.approval({ channelId: first }), counter: 2n }, 'the signature'],
    [{ ...world.approval({ channelId: 99n }) }, 'there is no open channel 99'],
  ]
  for (const [approval, why] of foreign) expect(world.refused(world.stranger, 'close', approval)).toContain(why)
  world.call(world.stranger, 'close', world.approval({ channelId: first }))
  expect(world.model.view('channel', { channel_id: `${first}` })).toBe(null)
  expect(world.surplus()).toBe(0n)
})

test('nobody opens a channel that no enclave can answer for', () => {
  world.host()
  const deposit = 2n * NEAR
  const refused = (changes: object) =>
    world.refused(world.stranger, 'open_channel', world.openArgs(changes), { deposit })
  expect(refused({ session_key: new Key('stranger').hex })).toContain('has no enclave with this session key')
  expect(refused({ provider: world.alice.accountId })).toContain('is not a provider')
  world.call(world.bob, 'dismiss_session', { session_key: world.enclave.hex })
  expect(refused({})).toContain('has no enclave with this session key')
})
