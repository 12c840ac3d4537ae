// What holds for every block, whatever is sent.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { delayedReceiptIndices, type Trie } from '../state/index.ts'
import { applyChunk } from './apply.ts'
import { busy, type Sending, traffic } from './test/traffic.ts'
import { NEAR, World } from './test/world.ts'
import type { BlockContext, ChunkInput, ChunkResult } from './types.ts'

interface Played {
  readonly input: ChunkInput
  readonly context: BlockContext
  readonly result: ChunkResult
  /** Before and after, receipts on their way included. */
  readonly supply: readonly [bigint, bigint]
}

/** Plays traffic, then quiet blocks. */
function play(sendings: readonly (readonly Sending[])[], rules: Partial<BlockContext> = {}): Played[] {
  const world = new World(
    { 'a.near': 100n * NEAR, 'b.near': 100n * NEAR, 'c.near': 100n * NEAR, near: 100n * NEAR },
    rules,
  )
  for (const id of ['a.near', 'b.near']) world.run(id, id, [{ type: 'DeployContract', code: busy }])
  const quiet = Array.from({ length: 8 }, (): Sending[] => [])
  return [...sendings, ...quiet].map((block) => {
    const before = world.supply()
    const transactions = block.map(({ signer, receiver, actions }) => world.transaction(signer, receiver, actions))
    const input = { trie: world.trie, incoming: world.incoming, transactions }
    const context = world.blockContext()
    return { input, context, result: world.block(transactions), supply: [before, world.supply()] }
  })
}

function tokensAreConserved({ result, supply: [before, after] }: Played): void {
  expect(before - after).toBe(result.balanceBurnt - result.balanceMinted)
}

/** It may only give back, and tell those who wait. */
function failuresChangeNothing({ result }: Played): void {
  for (const { id, status, gasBurnt } of result.outcomes) {
    if (status.type !== 'Failure') continue
    const written = result.changes.filter(
      ({ cause }) =>
        (cause.type === 'receipt_processing' && cause.receiptHash === id) ||
        // a gas key pays for a transaction whose deposit its account cannot cover
        (cause.type === 'transaction_processing' && cause.txHash === id && gasBurnt === 0n),
    )
    expect(written).toEqual([])
    for (const { receipt, parentId } of result.processed)
      if (parentId === id) expect(receipt.predecessorId === 'system' || receipt.body.type === 'Data').toBe(true)
  }
}

function gasAddsUp({ result }: Played): void {
  for (const { gasBurnt, tokensBurnt } of result.outcomes) {
    expect(gasBurnt).toBeGreaterThanOrEqual(0n)
    expect(tokensBurnt).toBeGreaterThanOrEqual(0n)
  }
  expect(result.gasUsed).toBe(result.outcomes.reduce((sum, { gasBurnt }) => sum + gasBurnt, 0n))
}

function replayIsTheSame({ input, context, result }: Played): void {
  const { trie, ...rest } = result
  const { trie: again, ...same } = applyChunk(input, context)
  expect(again.root).toBe(trie.root)
  expect(same).toEqual(rest)
}

function changesTellAll({ input, result }: Played): void {
  const retold = result.changes.reduce<Trie>(
    (state, { key, value }) => (value ? state.set(key, value) : state.delete(key)),
    input.trie,
  )
  expect(retold.root).toBe(result.trie.root)
}

const always = (blocks: readonly Played[]): void => {
  for (const block of blocks)
    for (const check of [tokensAreConserved, failuresChangeNothing, gasAddsUp, replayIsTheSame, changesTellAll])
      check(block)
  const ids = blocks.flatMap(({ result }) => result.processed.map(({ receipt }) => receipt.receiptId))
  expect(new Set(ids).size).toBe(ids.length)
}

test('ordinary traffic: tokens and gas add up, failures undo, replays agree, and all receipts arrive', () => {
  fc.assert(
    fc.property(traffic, (sendings) => {
      const blocks = play(sendings)
      always(blocks)
      const { outgoing, trie } = blocks.at(-1)!.result
      const { first, next } = delayedReceiptIndices(trie)
      expect([outgoing, next - first]).toEqual([[], 0n])
    }),
    { numRuns: 15 },
  )
})

test('so they do in full blocks, at other prices, and when receipts are held back, dropped and failed', () => {
  const faults = ['run', 'run', 'run', 'delay', 'drop', 'fail'] as const
  fc.assert(
    fc.property(traffic, fc.nat(), (sendings, seed) => {
      always(
        play(sendings, {
          gasLimit: BigInt(1 + (seed % 50)) * 10n ** 12n,
          gasPrice: 10n ** BigInt(7 + (seed % 4)),
          fault: ({ receiptId }) => faults[(receiptId.charCodeAt(7) + seed) % faults.length]!,
        }),
      )
    }),
    { numRuns: 15 },
  )
})
