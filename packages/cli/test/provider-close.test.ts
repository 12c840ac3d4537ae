// A host ends a channel whose payer vanished, from a shell beside its runtime.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RpcServer } from '@dcml/devchain'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { costOf, type PaidRuntime, type PaidScene, servePaid, startScene } from '../../runtime/test/paid.ts'
import { here } from './here.ts'

type Json = { error?: { code: string }; events?: { event: string; data: Record<string, string> }[]; spent?: string }

let scene: PaidScene
let paid: PaidRuntime
let folder: string
let node: RpcServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-close-'))
  scene = await startScene()
  paid = await servePaid(scene)
  node = await scene.chain.serve()
  await writeFile(join(folder, 'bob.key'), scene.bob.key.secretKey, { mode: 0o600 })
})
afterAll(async () => {
  await paid[Symbol.asyncDispose]()
  await node.close()
  await scene.stop()
  await rm(folder, { recursive: true, force: true })
})

const close = (channel: bigint, admin = paid.runtime.adminUrl) =>
  here<Json>(
    ...['provider', 'close', `${channel}`, '--admin', admin],
    ...['--network', scene.chain.settings.chainId, '--node', node.url, '--contract', scene.contract],
    ...['--key', join(folder, 'bob.key'), '--account', scene.bob.accountId],
  )

test('the enclave approves what it delivered, and the contract pays at once', async () => {
  const channel = await paid.open()
  const { channelId } = channel.terms
  await (await paid.complete(channel, costOf(40, 40), { prompt: 'count to 3', max_tokens: 8 })).text()
  expect(await close(channelId, 'http://127.0.0.1:1')).toMatchObject({
    code: 1,
    json: { error: { code: 'admin_unreachable' } },
  })
  const { code, json } = await close(channelId)
  expect(code).toBe(0)
  expect(BigInt(json.spent!)).toBeGreaterThan(0n)
  expect(json.events).toContainEqual({
    event: 'channel_closed',
    data: expect.objectContaining({ channel_id: `${channelId}`, spent: json.spent, answered: false }),
  })
  expect(await paid.wallet.channel(channelId)).toBeNull()
  expect((await close(channelId)).code).toBe(1)
})

test('a channel that the enclave does not know is refused by its name', async () => {
  expect(await close(99n)).toMatchObject({ code: 1, json: { error: { code: 'channel_unknown' } } })
})
