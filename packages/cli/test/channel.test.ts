// Payer = host, isolated: the channel is opened where the chain is, and used where no network is (paper §6).
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RpcServer } from '@dcml/devchain'
import { accountFromKey } from '@dcml/near'
import { model } from '@dcml/near/model'
import { formatAmount, toHex } from '@dcml/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { costOf, type PaidRuntime, type PaidScene, servePaid, startScene } from '../../runtime/test/paid.ts'
import { here } from './here.ts'

let scene: PaidScene
let paid: PaidRuntime
let folder: string
let host: string[]
let chain: string[]
let node: RpcServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-carry-'))
  scene = await startScene()
  paid = await servePaid(scene, { limits: { paymentStep: 4, paymentMs: 1_000 } })
  const owner = scene.chain.account('charlie.test.near')
  await model(scene.near, scene.contract).set_images(
    { image_hs: [paid.runtime.imageH] },
    { account: accountFromKey(owner.accountId, owner.key.secretKey) },
  )
  await writeFile(at('alice.key'), scene.alice.key.secretKey, { mode: 0o600 })
  node = await scene.chain.serve()
  host = ['--endpoint', paid.runtime.url]
  chain = [
    ...['--network', scene.chain.settings.chainId, '--node', node.url, '--contract', scene.contract],
    ...['--key', at('alice.key'), '--account', scene.alice.accountId],
  ]
})
afterAll(async () => {
  await paid[Symbol.asyncDispose]()
  await node.close()
  await rm(folder, { recursive: true, force: true })
})

const at = (name: string): string => join(folder, name)
const trust = () => ['--development', '--image-h', toHex(paid.runtime.imageH)]

type Json = { channelId?: string; channel?: { spent: string }; amounts?: { spent: string; settled: string } }

const dcml = (...args: string[]) => here<Json>(...args)
const channel = (...args: string[]) => dcml('channel', ...args)
const chat = (...args: string[]) => dcml('chat', ...args, ...host, ...trust())

test('open online, carry, use up without a network, close later', async () => {
  const deposit = costOf(40, 40)
  // on the machine beside the enclave
  expect(await channel('request', ...host, ...trust(), '--out', at('challenge.json'))).toMatchObject({ code: 0 })

  // on the machine with a network
  const online = ['--channel', at('online.json')]
  const limits = ['--deposit', formatAmount(deposit), '--per-request', formatAmount(costOf(40, 40))]
  const open = ['open', '--challenge', at('challenge.json'), ...online, ...chain, ...trust(), ...limits]
  const offer = ['--provider', scene.bob.accountId]
  expect(await channel(...open, ...offer)).toMatchObject({ code: 1, json: { error: { code: 'contract_unknown' } } })
  const opened = await channel(...open, ...offer, '--any-code')
  expect(opened).toMatchObject({
    code: 0,
    json: { phase: 'open', unproven: 'provable', amounts: { deposited: `${deposit}`, spent: '0' } },
  })
  // typed again, nothing more is deposited
  const again = await channel(...open, ...offer, '--any-code')
  expect(again.json).toMatchObject({ channelId: opened.json.channelId })
  await writeFile(at('carry.json'), 'an older one', { mode: 0o644 })
  expect(await channel('export', ...online, '--out', at('carry.json'), '--with-key')).toMatchObject({ code: 0 })
  expect((await stat(at('carry.json'))).mode & 0o777).toBe(0o600)

  // no network from here on
  await Promise.all([scene.stop(), node.close()])
  const isolated = ['--channel', at('isolated.json')]
  expect(await channel('import', at('carry.json'), ...isolated)).toMatchObject({ code: 0 })
  expect(await channel('establish', ...isolated, ...host, ...trust())).toMatchObject({
    code: 0,
    json: { unproven: 'none' },
  })
  const unpaid = await chat('count to 12')
  expect(unpaid.json).toMatchObject({ error: { code: 'payment_required', hint: expect.stringContaining('--channel') } })
  const first = await chat('count to 12', ...isolated, '--receipts', at('receipts.jsonl'))
  expect(first).toMatchObject({ code: 0, json: { receipt: 'verified', channel: { deposited: `${deposit}` } } })
  expect(await dcml('receipt', 'show', at('receipts.jsonl'))).toMatchObject({
    json: { receipts: [{ channelId: opened.json.channelId, spent: first.json.channel!.spent }] },
  })
  let saturated: Awaited<ReturnType<typeof chat>> | undefined
  for (let i = 0; i < 10 && saturated === undefined; i++) {
    const answer = await chat(`count to ${10 + i}`, ...isolated)
    if (answer.code !== 0) saturated = answer
  }
  expect(saturated?.json).toMatchObject({ error: { code: 'payment_deposit_exhausted' } })
  const used = await channel('show', ...isolated)
  const { spent } = used.json.amounts!
  expect(BigInt(spent)).toBeGreaterThan(deposit / 2n)
  expect(await channel('close', ...isolated, ...host, ...trust())).toMatchObject({
    code: 0,
    json: { phase: 'closing', next: expect.stringContaining('submit-approval') },
  })
  expect(await channel('export', ...isolated, '--out', at('back.json'))).toMatchObject({ code: 0 })
  expect(await readFile(at('back.json'), 'utf8')).toContain('"key":null')

  // back where the chain is
  node = await scene.chain.serve()
  expect(await channel('import', at('back.json'), ...online)).toMatchObject({ code: 0 })
  const before = scene.treasury.balance
  const closed = await channel('close', ...online, ...chain.with(3, node.url))
  expect(closed).toMatchObject({ code: 0, json: { phase: 'closed' } })
  const { settled } = closed.json.amounts!
  expect(BigInt(settled)).toBeGreaterThanOrEqual(BigInt(spent))
  expect(BigInt(settled)).toBeLessThanOrEqual(deposit)
  expect(scene.treasury.balance).toBeGreaterThan(before)
})

test('what is missing on the command line is said', async () => {
  expect(await channel('show', '--channel', at('none.json'))).toMatchObject({
    code: 1,
    json: { error: { code: 'channel_store_empty' } },
  })
  expect(await channel('request', ...trust(), '--out', at('x.json'))).toMatchObject({
    code: 1,
    json: { error: { code: 'endpoint_missing' } },
  })
  expect(await channel('close')).toMatchObject({ code: 2 })
  expect(await chat('hi', '--channel', at('none.json'))).toMatchObject({
    json: { error: { code: 'channel_store_empty' } },
  })
})
