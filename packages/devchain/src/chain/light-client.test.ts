import { advance, parseExecutionProof, parseLightClientBlock, verifyExecution } from '@dcml/light-client'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Devchain } from '../devchain.ts'
import { keyPairFromSeed } from './keys.ts'
import { follow, trustGenesis, verifyOutcomes } from './test/follow.ts'

const NEAR = 10n ** 24n
const stakes = (...amounts: number[]) =>
  amounts.map((amount, i) => ({ accountId: `v${i}.near`, stake: BigInt(amount) * 1_000_000n * NEAR }))

test('everything a chain does over several epochs can be proven from genesis on', async () => {
  const chain = new Devchain({
    epochLength: 10,
    validators: stakes(5, 3, 3, 1),
    accounts: [{ accountId: 'a.near', balance: NEAR }],
  })
  let state = trustGenesis(chain)
  let proven = 0
  for (let i = 0; i < 12; i++) {
    const before = state.head.innerLite.height
    chain.root.transfer('a.near', BigInt(i))
    chain.mine(i)
    state = await follow(chain, state)
    proven += verifyOutcomes(chain, state, before)
  }
  expect(chain.head.epochHeight).toBeGreaterThan(4)
  expect(proven).toBe(36)
})

test('a stake two epochs ago changes who signs, and the light client follows', async () => {
  const chain = new Devchain({
    epochLength: 8,
    validators: stakes(6, 5),
    accounts: [{ accountId: 'new.near', balance: 100_000_000n * NEAR }],
  })
  let state = trustGenesis(chain)
  const key = keyPairFromSeed('newcomer')
  chain.addValidatorKey(key.secretKey)
  chain.account('new.near').send('new.near', [{ type: 'Stake', stake: 20_000_000n * NEAR, publicKey: key.publicKey }])
  chain.account('v1.near').send('v1.near', [{ type: 'Stake', stake: 0n, publicKey: chain.keyOf('v1.near').publicKey }])
  for (let i = 0; i < 6; i++) {
    chain.advanceEpochs()
    state = await follow(chain, state)
  }
  const names = chain.blockProducers(chain.head.header.epochId)?.map(({ accountId }) => accountId)
  expect(names).toEqual(['new.near', 'v0.near'])
  expect(verifyOutcomes(chain, state)).toBe(6)
  const { locked } = chain.account('v1.near').state
  expect(locked).toBe(0n)
})

test('a third of the stake may be silent; without two thirds nothing new becomes final', async () => {
  const chain = new Devchain({ epochLength: 50, validators: stakes(50, 16, 1, 33) })
  let state = await follow(chain, trustGenesis(chain))
  chain.silence(['v1.near', 'v2.near'])
  chain.root.transfer('near', 1n)
  state = await follow(chain, state)
  expect(chain.head.header.approvals.filter((approval) => approval === null)).toHaveLength(2)
  expect(verifyOutcomes(chain, state)).toBeGreaterThan(0)

  const { height } = state.head.innerLite
  chain.silence(['v1.near', 'v2.near', 'v3.near'])
  const final = chain.head.header.lastFinalBlock
  chain.root.transfer('near', 2n)
  chain.mine(10)
  for (let i = 0; i < 5; i++) chain.fastForward(1)
  expect(chain.head.header.lastFinalBlock).toBe(final)
  expect(chain.resolve({ finality: 'final' })?.header.hash).toBe(final)
  expect((await follow(chain, state)).head.innerLite.height).toBe(height)

  chain.silence([])
  state = await follow(chain, state)
  expect(state.head.innerLite.height).toBeGreaterThan(height + 10)
  expect(verifyOutcomes(chain, state)).toBeGreaterThan(0)
})

test('whoever stakes most with a key the chain does not have stops finality, until the chain gets the key', async () => {
  const chain = new Devchain({
    epochLength: 8,
    validators: stakes(6, 5),
    accounts: [{ accountId: 'new.near', balance: 100_000_000n * NEAR }],
  })
  let state = trustGenesis(chain)
  const key = keyPairFromSeed('somebody else')
  chain.account('new.near').send('new.near', [{ type: 'Stake', stake: 50_000_000n * NEAR, publicKey: key.publicKey }])
  for (let i = 0; i < 3; i++) chain.advanceEpochs()
  state = await follow(chain, state)
  const { height } = state.head.innerLite
  chain.mine(20)
  expect((await follow(chain, state)).head.innerLite.height).toBe(height)
  expect(chain.head.header.height - chain.head.header.prevHeight).toBe(2)
  chain.addValidatorKey(key.secretKey)
  chain.root.transfer('near', 1n)
  state = await follow(chain, state)
  expect(state.head.innerLite.height).toBeGreaterThan(height)
  expect(verifyOutcomes(chain, state)).toBeGreaterThan(0)
})

test('a light client that slept for epochs is taken through each of them', async () => {
  const chain = new Devchain({ epochLength: 10, validators: stakes(2, 1) })
  chain.root.transfer('near', 1n)
  chain.fastForward(100)
  let steps = 0
  let state = trustGenesis(chain)
  for (let json = chain.nextLightClientBlock(state.headHash); json; json = chain.nextLightClientBlock(state.headHash)) {
    const verdict = await advance(state, parseLightClientBlock(json as never))
    if (!verdict.ok) throw verdict.error
    state = verdict.state
    steps++
  }
  expect(steps).toBeGreaterThanOrEqual(8)
  expect(verifyOutcomes(chain, state)).toBe(3)
})

test('a light client that slept until its next epoch was pruned is told so', () => {
  const chain = new Devchain({ epochLength: 10, keepBlocks: 20 })
  const { headHash } = trustGenesis(chain)
  chain.fastForward(100)
  expect(() => chain.nextLightClientBlock(headHash)).toThrow(
    expect.objectContaining({ code: 'devchain_unknown_block' }),
  )
})

test('polling for news of an idle chain makes no blocks', async () => {
  const chain = new Devchain()
  chain.root.transfer('near', 1n)
  const state = await follow(chain, trustGenesis(chain))
  const { height } = chain.head.header
  for (let i = 0; i < 5; i++) expect(chain.nextLightClientBlock(state.headHash)).toBeNull()
  expect(chain.head.header.height).toBe(height)
})

test('a proof asked for too early, of nothing, or against an older head is refused by name', async () => {
  const chain = new Devchain()
  const early = chain.head.header.hash
  const { hash } = chain.root.transfer('near', 1n)
  expect(() => chain.executionProof(hash, early)).toThrow(
    expect.objectContaining({ code: 'devchain_inconsistent_head' }),
  )
  expect(() => chain.executionProof(early, early)).toThrow(
    expect.objectContaining({ code: 'devchain_unknown_outcome' }),
  )
  expect(() => chain.executionProof(hash, hash)).toThrow(expect.objectContaining({ code: 'devchain_unknown_block' }))
  const last = chain.head.result.outcomes[0]?.id ?? ''
  expect(() => chain.executionProof(last, early)).toThrow(expect.objectContaining({ code: 'devchain_not_confirmed' }))
})

test('of its own head a light client gets an empty proof, as from nearcore', () => {
  const chain = new Devchain()
  const { hash } = chain.mine().header
  expect(chain.blockProof(hash, hash).block_proof).toEqual([])
})

test('a proof of the same outcome with another result is refused', async () => {
  const chain = new Devchain()
  const { hash } = chain.root.transfer('near', 1n)
  const state = await follow(chain, trustGenesis(chain))
  const proof = parseExecutionProof(chain.executionProof(hash, state.headHash) as never)
  const forged = { ...proof, outcome: { ...proof.outcome, gasBurnt: proof.outcome.gasBurnt + 1n } }
  expect(verifyExecution(proof, state.head.innerLite).ok).toBe(true)
  expect(verifyExecution(forged, state.head.innerLite).ok).toBe(false)
})

type Step = (chain: Devchain) => void
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.bigInt(0n, 10n * NEAR).map(
    (amount): Step =>
      (chain) =>
        void chain.root.transfer('near', amount),
  ),
  fc.integer({ min: 1, max: 5 }).map(
    (count): Step =>
      (chain) =>
        void chain.mine(count),
  ),
  fc.integer({ min: 1, max: 40 }).map(
    (heights): Step =>
      (chain) =>
        chain.fastForward(heights),
  ),
  fc.constant<Step>((chain) => void chain.advanceEpochs()),
  fc.subarray(['v0.near', 'v1.near', 'v2.near']).map(
    (silent): Step =>
      (chain) =>
        chain.silence(silent),
  ),
  fc.record({ who: fc.integer({ min: 0, max: 2 }), millions: fc.bigInt(0n, 9n) }).map(
    ({ who, millions }): Step =>
      (chain) => {
        const validator = chain.account(`v${who}.near`)
        const stake = millions * 1_000_000n * NEAR
        validator.send(validator.accountId, [{ type: 'Stake', stake, publicKey: validator.key.publicKey }], {
          mayFail: true,
        })
      },
  ),
)

test('whatever happens, the light client agrees with what the chain tells it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const chain = new Devchain({ epochLength: 9, validators: stakes(4, 3, 2) })
      let state = trustGenesis(chain)
      for (const run of steps) {
        run(chain)
        state = await follow(chain, state)
      }
      chain.silence([])
      chain.root.transfer('near', 1n)
      chain.mine(3)
      state = await follow(chain, state)
      expect(verifyOutcomes(chain, state)).toBeGreaterThan(0)
    }),
    { numRuns: 20 },
  )
}, 60_000)
