// What can happen to a chain, at random: the same steps on the same chain do the same.
import type { Action } from '@dcml/light-client'
import fc from 'fast-check'
import type { Devchain, DevchainOptions } from '../../devchain.ts'
import { busy } from '../../runtime/test/traffic.ts'

export type Step = (chain: Devchain) => void

const NEAR = 10n ** 24n
const MILLION = 1_000_000n * NEAR
const PEOPLE = ['a.near', 'b.near', 'c.near'] as const

/** Small epochs, two validators, and three accounts of which two have contracts after {@link settle}. */
export const world: DevchainOptions = {
  epochLength: 12,
  accounts: PEOPLE.map((accountId) => ({ accountId, balance: 100n * NEAR })),
  validators: [
    { accountId: 'v0.near', stake: 3n * MILLION },
    { accountId: 'v1.near', stake: 2n * MILLION },
  ],
}

export function settle(chain: Devchain): Devchain {
  for (const accountId of ['a.near', 'b.near']) chain.account(accountId).deploy(busy)
  return chain
}

const person = fc.constantFrom(...PEOPLE)
const method = fc.constantFrom('write', 'chain', 'pay', 'wait', 'wait_and_wake', 'panic', 'missing')
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.bigInt(0n, 2n * NEAR).map((deposit): Action => ({ type: 'Transfer', deposit })),
  fc
    .record({ methodName: method, deposit: fc.bigInt(0n, NEAR) })
    .map((call): Action => ({ type: 'FunctionCall', args: Uint8Array.of(1), gas: 30n * 10n ** 12n, ...call })),
)

const sends: fc.Arbitrary<Step> = fc
  .record({ from: person, to: person, actions: fc.array(action, { minLength: 1, maxLength: 3 }) })
  .map(
    ({ from, to, actions }) =>
      (chain) =>
        void chain.account(from).send(to, actions, { mayFail: true }),
  )

const stakes: fc.Arbitrary<Step> = fc
  .record({ who: fc.constantFrom('v0.near', 'v1.near'), millions: fc.bigInt(1n, 4n) })
  .map(({ who, millions }) => (chain) => {
    const { key } = chain.account(who)
    const stake: Action = { type: 'Stake', stake: millions * MILLION, publicKey: key.publicKey }
    chain.account(who).send(who, [stake], { mayFail: true })
  })

const others: fc.Arbitrary<Step> = fc.oneof(
  fc.integer({ min: 1, max: 4 }).map(
    (count): Step =>
      (chain) =>
        void chain.mine(count),
  ),
  fc.integer({ min: 1, max: 50 }).map(
    (heights): Step =>
      (chain) =>
        chain.fastForward(heights),
  ),
  fc.integer({ min: 1, max: 10 ** 7 }).map(
    (ms): Step =>
      (chain) =>
        chain.advanceTime(ms),
  ),
  fc.subarray(['v0.near', 'v1.near']).map(
    (silent): Step =>
      (chain) =>
        chain.silence(silent),
  ),
  person.map(
    (receiverId): Step =>
      (chain) =>
        void chain.faults.fail({ receiverId }),
  ),
  person.map(
    (receiverId): Step =>
      (chain) =>
        void chain.faults.delay({ receiverId }, { blocks: 2 }),
  ),
  person.map(
    (receiverId): Step =>
      (chain) =>
        void chain.faults.drop({ receiverId }),
  ),
)

/** A few things one after the other. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof({ weight: 5, arbitrary: sends }, { weight: 1, arbitrary: stakes }, { weight: 4, arbitrary: others }),
  { maxLength: 12 },
)

export function run(chain: Devchain, all: readonly Step[]): Devchain {
  for (const step of all) step(chain)
  return chain
}
