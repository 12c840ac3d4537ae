import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Devchain, loadDevchain } from '../devchain.ts'
import { run, settle, steps, world } from './test/steps.ts'
import { countTokens } from './test/supply.ts'

const start = (): Devchain => settle(new Devchain(world))

/** Everything that makes the next block what it is. */
function fingerprint(chain: Devchain) {
  const { header, result } = chain.head
  const next = chain.nextContext()
  return {
    hash: header.hash,
    signature: header.signature,
    state: result.trie.root,
    next: [next.height, next.timestamp, next.gasPrice, next.epochId],
    blocks: [...chain.blocks()].map((block) => block.header.hash),
    outcomes: result.outcomes.map(({ id }) => chain.outcome(id)?.blockHash),
    producers: chain.blockProducers(header.nextEpochId),
  }
}

test('the same options and transactions give the same hashes', () => {
  fc.assert(
    fc.property(steps, (all) => {
      expect(fingerprint(run(start(), all))).toEqual(fingerprint(run(start(), all)))
    }),
    { numRuns: 8 },
  )
})

test('another seed gives another chain', () => {
  expect(new Devchain({ seed: 'other' }).genesis.header.hash).not.toBe(new Devchain().genesis.header.hash)
})

test('a snapshot and the return to it are as if nothing had happened between', () => {
  fc.assert(
    fc.property(steps, steps, steps, (before, undone, after) => {
      const chain = run(start(), before)
      chain.faults.clear()
      const there = fingerprint(chain)
      const outer = chain.snapshot()
      run(chain, undone)
      const inner = chain.snapshot()
      run(chain, undone)
      chain.revert(inner)
      chain.revert(outer)
      expect(fingerprint(chain)).toEqual(there)
      const straight = run(start(), before)
      straight.faults.clear()
      run(chain, after)
      expect(fingerprint(chain)).toEqual(fingerprint(run(straight, after)))
      chain.revert(outer)
      expect(fingerprint(chain)).toEqual(there)
    }),
    { numRuns: 8 },
  )
})

test('a chain that was dumped and loaded goes on like the one it came from', () => {
  fc.assert(
    fc.property(steps, steps, (before, after) => {
      const chain = run(start(), before)
      chain.faults.clear()
      const loaded = loadDevchain(chain.dump())
      expect(fingerprint(loaded)).toEqual(fingerprint(chain))
      expect(fingerprint(run(loaded, after))).toEqual(fingerprint(run(chain, after)))
    }),
    { numRuns: 8 },
  )
})

test('headers account for every token, epoch rewards and burnt gas included', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const chain = start()
      for (const step of all) {
        step(chain)
        const { header, result } = chain.head
        // a header has the rewards of its own block, but not what it burns nor what the one-yocto rule brings
        const hasRewards = chain.epochStart(chain.head) === header.height
        const subsidized = hasRewards ? 0n : result.balanceMinted
        expect(countTokens(chain)).toBe(header.totalSupply - result.balanceBurnt + subsidized)
      }
    }),
    { numRuns: 8 },
  )
})

test('a snapshot of another life of the chain is unknown', () => {
  const chain = new Devchain()
  const first = chain.snapshot()
  const second = chain.snapshot()
  chain.revert(first)
  expect(() => chain.revert(second)).toThrow(expect.objectContaining({ code: 'devchain_snapshot_unknown' }))
  chain.revert(first)
})
