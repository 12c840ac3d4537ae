import type { Near } from '@dcml/near'
import { porChain } from '@dcml/near/por'
import { DcmlError } from '@dcml/protocol'
import { expect, test } from 'vitest'

const node = {
  account: 'alice.near',
  key: '11'.repeat(32),
  endpoint: '',
  stake: '1',
  staked_at: '0',
  version: '1',
  isolated_since: null,
  isolated_at: null,
}
const honest = { nodes: { nodes: [node], next: null }, edges: { edges: [], next: null } }

/** A node of NEAR that answers views with what it is told to. */
function saying(views: Record<string, unknown>, height: unknown = 7): Near {
  const request = async (method: string, params: unknown) => {
    if (method === 'block') return { header: { height, hash: 'x' } }
    const { method_name } = params as { method_name: string }
    const result = [...new TextEncoder().encode(JSON.stringify({ ...honest, ...views }[method_name]))]
    return { result, logs: [], block_height: 7, block_hash: 'x' }
  }
  return { networkId: 'testnet', request, async *attempts() {} }
}
const graph = (near: Near) => porChain({ near, contract: 'por.near' }).graph()

test('what an honest node says is taken', async () => {
  expect(await graph(saying({}))).toMatchObject({ nodes: [{ account: 'alice.near', stake: 1n }], height: 7n })
})

test.each([
  ['pages that lead in circles', { nodes: { nodes: [], next: '0' } }],
  ['pages that go nowhere', { edges: { edges: [], next: '1' } }],
  ['a key that is none', { nodes: { nodes: [{ ...node, key: '11' }], next: null } }],
  ['a stake that is no number', { nodes: { nodes: [{ ...node, stake: '-1' }], next: null } }],
  ['an edge of an unknown kind', { edges: { edges: [{ id: '1', status: 'glowing' }], next: null } }],
  ['no page at all', { edges: null }],
])('%s are refused by name', async (_, lie) => {
  await expect(graph(saying(lie))).rejects.toMatchObject({ code: 'near_answer_invalid' })
})

test('a head that is no height is refused by name', async () => {
  await expect(graph(saying({}, 'seven'))).rejects.toMatchObject({ code: 'near_answer_invalid' })
})

test('a node that lacks the block which another named is asked again, and not for ever', async () => {
  for (const [lacks, outcome] of [
    [2, 'known'],
    [3, 'unknown'],
  ] as const) {
    const near = saying({})
    let left = lacks * 2
    const lagging: Near = {
      ...near,
      async request(method, params) {
        if (method === 'query' && left-- > 0)
          throw new DcmlError('near_block_unknown', 'No such block.', { hint: 'Ask another.' })
        return near.request(method, params)
      },
    }
    const read = graph(lagging)
    if (outcome === 'known') expect(await read).toMatchObject({ height: 7n })
    else await expect(read).rejects.toMatchObject({ code: 'near_block_unknown' })
  }
})
