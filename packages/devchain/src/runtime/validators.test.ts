import type { Action } from '@dcml/light-client'
import { expect, test } from 'vitest'
import { setAccount } from '../state/index.ts'
import { failures, keyPair, NEAR, World } from './test/world.ts'

const { publicKey } = keyPair('alice.near')
const stake = (amount: bigint): Action => ({ type: 'Stake', stake: amount, publicKey })
const of = (amount: bigint) => new Map([['alice.near', amount]])

test('staking locks tokens at once and proposes; the last proposal of an account counts', () => {
  const world = new World({ 'alice.near': 100n * NEAR }, { minimumStake: 10n * NEAR })
  const supply = world.supply()
  const self = (amount: bigint) => world.transaction('alice.near', 'alice.near', [stake(amount)])
  const { proposals } = world.block([self(20n * NEAR), self(30n * NEAR)])
  expect(proposals).toEqual([{ accountId: 'alice.near', publicKey, stake: 30n * NEAR }])
  expect(world.account('alice.near')!.locked).toBe(30n * NEAR)
  expect(world.block([self(15n * NEAR)]).proposals).toEqual([{ accountId: 'alice.near', publicKey, stake: 15n * NEAR }])
  expect(world.account('alice.near')!.locked).toBe(30n * NEAR)
  world.settle()
  expect(supply - world.supply()).toBe(world.burnt())
})

test('nobody stakes too little, more than it has, or takes back what it never staked', () => {
  const world = new World({ 'alice.near': 100n * NEAR }, { minimumStake: 10n * NEAR })
  const attempt = (amount: bigint) => failures(world.run('alice.near', 'alice.near', [stake(amount)]))
  expect(attempt(NEAR)).toEqual([
    { InsufficientStake: { account_id: 'alice.near', stake: `${NEAR}`, minimum_stake: `${10n * NEAR}` } },
  ])
  expect(attempt(1_000n * NEAR)).toMatchObject([{ TriesToStake: { stake: `${1_000n * NEAR}`, locked: '0' } }])
  expect(attempt(0n)).toEqual([{ TriesToUnstake: { account_id: 'alice.near' } }])
})

test('an epoch stakes rewards, and gives back what no epoch and no proposal needs', () => {
  const world = new World({ 'alice.near': 100n * NEAR, treasury: NEAR })
  world.edit((state) => setAccount(state, 'alice.near', { ...world.account('alice.near')!, locked: 50n * NEAR }))
  const supply = world.supply()
  const { balanceMinted, changes } = world.block([], {
    validatorUpdate: {
      maxStakes: of(30n * NEAR),
      lastProposals: of(40n * NEAR),
      rewards: new Map([
        ['alice.near', 2n * NEAR],
        ['treasury', NEAR],
      ]),
    },
  })
  expect(world.account('alice.near')).toMatchObject({ locked: 40n * NEAR, amount: 112n * NEAR })
  expect(world.account('treasury')!.amount).toBe(2n * NEAR)
  expect(balanceMinted).toBe(3n * NEAR)
  expect(world.supply() - supply).toBe(3n * NEAR)
  expect(changes.map(({ cause }) => cause.type)).toEqual(['validator_accounts_update', 'validator_accounts_update'])
})

test('a validator with less locked than it stakes is a fault of whoever patched the state', () => {
  const world = new World({ 'alice.near': NEAR })
  const validatorUpdate = { maxStakes: of(NEAR), lastProposals: new Map(), rewards: new Map() }
  expect(() => world.block([], { validatorUpdate })).toThrow(
    expect.objectContaining({ code: 'devchain_stake_invalid' }),
  )
})
