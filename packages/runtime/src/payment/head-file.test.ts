import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDevchain } from '@dcml/devchain'
import { fetchTrustRoot, type Near } from '@dcml/near'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { headFile } from './head-file.ts'
import { Heads } from './heads.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-head-'))
})
afterAll(() => rm(folder, { recursive: true }))

const log = pino({ level: 'silent' })
const open = (of: string, key = 1) => headFile(of, new Uint8Array(32).fill(key), log)

test('long-life: nodes have forgotten the root of the image, and a restarted enclave still follows the chain', async () => {
  const chain = createDevchain({ blockTimeMs: 30_000, keepBlocks: 40 })
  chain.mine(6)
  const near = { networkId: 'localnet', request: (method, params) => chain.rpc(method, params) } as Near
  const root = await fetchTrustRoot(near)
  const follow = async (heads: Heads): Promise<number> => {
    const { headHash } = heads.newest
    const block = (await chain.rpc('next_light_client_block', { last_block_hash: headHash })) as object
    return (await heads.follow({ from: headHash, blocks: [block] })).head.innerLite.height
  }
  const file = open(folder)
  const first = new Heads(root, { file })
  for (let turn = 0; turn < 4; turn++) {
    chain.mine(20)
    await follow(first)
  }
  await file.keep(first.newest)
  await expect(follow(new Heads(root))).rejects.toThrow()

  const second = new Heads(root, { last: await open(folder).read() })
  expect(second.newest).toEqual(first.newest)
  chain.mine(10)
  expect(await follow(second)).toBeGreaterThan(first.newest.head.innerLite.height)
})

test('what another image sealed, or the host altered or lost, is no head', async () => {
  const own = await mkdtemp(join(folder, 'own-'))
  const chain = createDevchain()
  chain.mine(6)
  const request: Near['request'] = (method, params) => chain.rpc(method, params)
  const head = await fetchTrustRoot({ networkId: 'localnet', request } as Near)
  const file = open(own)
  void file.keep(head)
  await file.idle()
  expect(await open(own).read()).toEqual(head)
  expect(await open(own, 2).read()).toBeUndefined()
  const path = join(own, 'light-client')
  const bytes = await readFile(path)
  bytes[40]! ^= 1
  await writeFile(path, bytes)
  expect(await open(own).read()).toBeUndefined()
  await rm(path)
  expect(await open(own).read()).toBeUndefined()
})
