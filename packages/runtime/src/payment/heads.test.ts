import type { BlockBundle } from '@dcml/channels'
import { createDevchain } from '@dcml/devchain'
import type { LightClientState } from '@dcml/light-client'
import { fetchTrustRoot, type Near } from '@dcml/near'
import { expect, test } from 'vitest'
import { Heads } from './heads.ts'

/** A chain with a block each second, and what a node says to a light client that stands somewhere. */
async function start() {
  const chain = createDevchain({ blockTimeMs: 1000, genesisTime: new Date(1_700_000_000_000) })
  chain.mine(6)
  const root = await fetchTrustRoot({
    networkId: chain.settings.chainId,
    request: (method, params) => chain.rpc(method, params),
  } as Near)
  /** The newest final block, from a head on. */
  const from = async ({ headHash }: LightClientState): Promise<BlockBundle> => {
    const block = (await chain.rpc('next_light_client_block', { last_block_hash: headHash })) as object
    return { from: headHash, blocks: Object.keys(block).length === 0 ? [] : [block] }
  }
  return { chain, root, from }
}
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? String(error),
  )

test('a bundle may start at any head that is kept, and heads never go back', async () => {
  const { chain, root, from } = await start()
  const heads = new Heads(root)
  expect(heads.newest).toBe(root)
  chain.mine(10)
  const early = await from(root)
  chain.mine(10)
  const late = await heads.follow(await from(root))
  expect(heads.newest).toBe(late)
  const before = await heads.follow(early)
  expect(before.head.innerLite.height).toBeLessThan(late.head.innerLite.height)
  expect(heads.newest).toBe(late)
  chain.mine(10)
  const further = await heads.follow(await from(late))
  expect(await heads.follow(await from(root))).toEqual(further)
  expect(await codeOf(heads.follow({ ...(await from(root)), from: before.headHash }))).toBe('light_client_head_unknown')
})

test('blocks brought one by one push no head out before an opening is too old for it', async () => {
  const { chain, root, from } = await start()
  const heads = new Heads(root)
  chain.mine(10)
  const given = await heads.follow(await from(root))
  const until = given.head.innerLite.timestamp + 600n * 1_000_000_000n
  while (chain.head.header.timestamp < until) {
    chain.mine(1)
    await heads.follow(await from(heads.newest))
  }
  expect(await codeOf(heads.follow(await from(given)))).toBe('none')
  // in the end it goes, and the root stays
  for (let n = 0; n < 256; n++) {
    chain.mine(5)
    await heads.follow(await from(heads.newest))
  }
  expect(await codeOf(heads.follow(await from(given)))).toBe('light_client_head_unknown')
  expect(await codeOf(heads.follow(await from(root)))).toBe('none')
})

test('what does not verify moves nothing, and a line that is full says so', async () => {
  const { chain, root, from } = await start()
  const heads = new Heads(root)
  chain.mine(10)
  const good = await from(root)
  const [block] = good.blocks as [{ approvals_after_next: unknown[] }]
  const unsigned = { ...block, approvals_after_next: block.approvals_after_next.map(() => null) }
  expect(await codeOf(heads.follow({ ...good, blocks: [unsigned] }))).toBe('block_stake')
  expect(await codeOf(heads.follow({ ...good, blocks: [block, {}] }))).toBe('near_block_invalid')
  expect(heads.newest).toBe(root)
  const codes = await Promise.all(Array.from({ length: 40 }, () => codeOf(heads.follow(good))))
  expect(codes.filter((code) => code === 'light_client_busy')).toHaveLength(8)
  expect(codes.filter((code) => code === 'none')).toHaveLength(32)
  expect(await codeOf(heads.follow(good))).toBe('none')
})

test('a line that strangers keep full does not hold up the host, who has a lock to answer for', async () => {
  const { chain, root, from } = await start()
  const heads = new Heads(root)
  chain.mine(10)
  const good = await from(root)
  const strangers = Array.from({ length: 40 }, () => codeOf(heads.follow(good)))
  expect(await codeOf(heads.follow(good))).toBe('light_client_busy')
  expect(await codeOf(heads.follow(good, 'host'))).toBe('none')
  await Promise.all(strangers)
})
