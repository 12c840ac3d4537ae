import { decode } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { edgeOf, nodeOf } from '../routes/samples.ts'
import { fake } from './fake.ts'
import { reclaim, reclaimLayout } from './reclaim.ts'

/** alex cut edge 1 to bob, who is with the others through relays. */
const facts = {
  nodes: ['alex', 'bob', 'r1', 'r2'].map((account) => nodeOf(account)),
  edges: [
    { ...edgeOf(1n, 'alex', 'bob'), status: 'severed' as const },
    edgeOf(2n, 'alex', 'r1'),
    edgeOf(3n, 'r1', 'bob'),
    edgeOf(4n, 'alex', 'r2'),
    edgeOf(5n, 'r2', 'bob'),
  ],
  height: 1n,
}
const lost = { edgeId: 1n, requestHash: new Uint8Array(32).fill(7), owed: 12n }
const ask = { maxCost: 10n ** 12n, budget: 60_000 }

test('§3.1: a neighbour that stays silent over other paths is isolated, and its half claimed', async () => {
  const { asker, asks } = fake('alex', facts, { mute: ['bob'] })
  const claimed: bigint[] = []
  const result = await reclaim(asker, lost, ask, async (id) => claimed.push(id))
  expect(result).toMatchObject({ disconnected: { account: 'bob' }, tries: 2 })
  expect(claimed).toEqual([1n])
  expect(asks[0]!.request.body.app).toBe('dcml/reclaim')
  expect(decode(reclaimLayout, asks[0]!.payload)).toEqual(lost)
})

test('§3.1: a neighbour that answers keeps its half, and so does this node', async () => {
  const { asker } = fake('alex', facts)
  const claim = () => Promise.reject(new Error('nothing to claim'))
  expect(await reclaim(asker, lost, ask, claim)).toMatchObject({ response: { status: 0 }, cuts: [] })
})

test('only a cut of one’s own is disputed', async () => {
  const { asker, asks } = fake('r1', facts)
  const claim = async () => {}
  for (const edgeId of [1n, 2n, 99n])
    await expect(reclaim(asker, { ...lost, edgeId }, ask, claim)).rejects.toMatchObject({ code: 'por_not_cut' })
  expect(asks).toEqual([])
})
