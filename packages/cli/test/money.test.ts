// An owner and a host run their side of a model from a shell, against a chain over RPC.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { imageH as imageHOf, parseImageManifest, parseWorkloadManifest } from '@dcml/attestation'
import type { ChannelWallet } from '@dcml/client'
import { createDevchain, type DevAccount, type RpcServer } from '@dcml/devchain'
import { accountFromKey, connectNear } from '@dcml/near'
import { modelWallet } from '@dcml/near/model'
import { toHex } from '@dcml/protocol'
import { modelCode } from '@dcml/publisher'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dcml, type Ended } from './dcml.ts'
import { here } from './here.ts'

const NEAR = 10n ** 24n
const hex = (byte: string) => byte.repeat(32)
const [modelH, imageH, sessionKey] = [hex('11'), hex('22'), hex('33')]
const bytes = (fill: number) => new Uint8Array(32).fill(fill)

const chain = createDevchain()
const [charlie, bob, alice] = ['charlie', 'bob', 'alice'].map((name) =>
  chain.root.createAccount(name, { balance: 1000n * NEAR }),
) as [DevAccount, DevAccount, DevAccount]
const contract = 'tale.charlie.test.near'
let folder: string
let server: RpcServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-money-'))
  server = await chain.serve()
  const key = ({ accountId, key }: DevAccount) => ({ account_id: accountId, private_key: key.secretKey })
  await writeFile(join(folder, 'charlie.json'), JSON.stringify(key(charlie)), { mode: 0o600 })
  await writeFile(join(folder, 'bob.key'), bob.key.secretKey, { mode: 0o600 })
  const settings = { network: chain.settings.chainId, node: [server.url], contract }
  await writeFile(join(folder, 'near.json'), JSON.stringify(settings))
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

const inFolder = (name: string) => join(folder, name)
const run = (...args: string[]) => here<NonNullable<Ended['json']>>(...args, '--config', inFolder('near.json'))
const owner = (...args: string[]) => run('contract', ...args, '--key', inFolder('charlie.json'))
const host = (...args: string[]) => run('provider', ...args, '--key', inFolder('bob.key'), '--account', bob.accountId)
const deploy = [
  ...['deploy', '--model-h', modelH, '--image-h', imageH, '--challenge-hours', '2'],
  ...['--input-price', '2 NEAR per million tokens', '--output-price', '7 NEAR per million tokens'],
]

test('an image manifest is made one of a paid workload, or left as it was', async () => {
  const image = { v: 1, name: 'tale', image: `sha256:${hex('00')}`, command: ['dcml'], env: {}, models: [modelH] }
  const [file, free] = [inFolder('image.json'), inFolder('free.json')]
  await writeFile(file, JSON.stringify(image))
  await writeFile(free, JSON.stringify({ ...image, models: 'any' }))
  const trustRoot = (manifest: string) => run('light-client', 'trust-root', '--manifest', manifest)
  const { code, json } = await trustRoot(file)
  expect(code).toBe(0)
  const bytes = await readFile(file)
  const networkId = chain.settings.chainId
  expect(parseImageManifest(bytes)).toEqual({ ...image, network: { networkId, contract }, trustRoot: json!.trustRoot })
  expect(json).toMatchObject({ imageH: toHex(imageHOf(bytes)), hash: expect.any(String), nodes: 1 })
  expect(await trustRoot(free)).toMatchObject({
    code: 1,
    json: { error: { code: 'manifest_malformed', message: expect.stringContaining('free.json is no image manifest') } },
  })
  expect(JSON.parse(await readFile(free, 'utf8'))).toEqual({ ...image, models: 'any' })
})

test('an app-compose file is made one of a paid workload in its member dcml', async () => {
  const compose = { manifest_version: 2, name: 'tale', runner: 'docker-compose', docker_compose_file: 'services: {}\n' }
  const file = inFolder('app-compose.json')
  await writeFile(file, JSON.stringify({ ...compose, dcml: { v: 1, models: [modelH] } }))
  const { code, json } = await run('light-client', 'trust-root', '--manifest', file)
  expect(code).toBe(0)
  const bytes = await readFile(file)
  const terms = {
    models: [modelH],
    network: { networkId: chain.settings.chainId, contract },
    trustRoot: json!.trustRoot,
  }
  expect(parseWorkloadManifest(bytes)).toEqual({ kind: 'dstack', name: 'tale', ...terms })
  expect(JSON.parse(bytes.toString())).toEqual({ ...compose, dcml: { v: 1, ...terms } })
  expect(json).toMatchObject({ imageH: toHex(imageHOf(bytes)) })
})

test('an owner deploys and prices, a host registers and admits, both see what a payer did', async () => {
  const before = charlie.balance
  expect(await owner(...deploy)).toMatchObject({
    code: 0,
    json: { deployed: false, cost: { codeHash: modelCode().codeHash } },
  })
  expect(charlie.balance).toBe(before)
  const { json: deployed } = await owner(...deploy, '--yes')
  expect(deployed).toMatchObject({ deployed: true, contract, hashes: [expect.any(String), expect.any(String)] })
  expect(await owner(...deploy, '--yes')).toMatchObject({ code: 1, json: { error: { code: 'contract_exists' } } })

  const prices = ['--input-price', '1 NEAR per million tokens', '--output-price', '5 yocto per token']
  expect(await owner('set-prices', ...prices)).toMatchObject({ code: 0, json: { events: [{ event: 'prices_set' }] } })
  expect(await owner('set-images', '--image-h', imageH, '--image-h', hex('44'))).toMatchObject({ code: 0 })
  expect(await run('contract', 'terms')).toMatchObject({
    code: 0,
    json: {
      owner: charlie.accountId,
      beneficiary: charlie.accountId,
      modelH,
      imageHs: [imageH, hex('44')],
      prices: { input: `${10n ** 18n}`, output: '5' },
      challengePeriodMs: 7_200_000,
      closeFee: `${10n ** 21n}`,
      checks: [
        { name: 'code', status: 'pass' },
        { name: 'immutable', status: 'pass' },
      ],
    },
  })

  const offer = [
    '--url',
    'https://bob.example:8443',
    '--input-price',
    '0 NEAR per token',
    '--output-price',
    '3 yocto per token',
  ]
  expect(await host('register', ...offer, '--collateral', '10 NEAR')).toMatchObject({ code: 0 })
  expect(await host('admit', sessionKey)).toMatchObject({ code: 0, json: { events: [{ event: 'session_admitted' }] } })
  expect(await host('update', '--output-price', '4 yocto per token')).toMatchObject({ code: 0 })
  expect(await host('deposit', '2 NEAR')).toMatchObject({ code: 0 })
  expect(await host('withdraw', '1 NEAR')).toMatchObject({ code: 0 })

  const near = connectNear({ networkId: chain.settings.chainId, nodes: server.url })
  const wallet: ChannelWallet = modelWallet({
    near,
    contract,
    account: accountFromKey(alice.accountId, alice.key.secretKey),
  })
  const maxPrices = { ownerInput: NEAR, ownerOutput: NEAR, hostInput: NEAR, hostOutput: NEAR }
  const opening = {
    provider: bob.accountId,
    challenge: bytes(1),
    sessionKey: bytes(0x33),
    payerKey: bytes(2),
    maxPrices,
  }
  await wallet.open({ ...opening, deposit: NEAR })
  await wallet.open({ ...opening, deposit: 2n * NEAR })

  expect(await run('provider', 'show', bob.accountId)).toMatchObject({
    code: 0,
    json: {
      endpoint: 'https://bob.example:8443',
      hostOutput: '4',
      free: `${8n * NEAR - NEAR / 400n}`,
      locked: `${3n * NEAR}`,
      sessions: 1,
      channels: [{ channelId: '1', payer: alice.accountId, closing: null }, { channelId: '2' }],
    },
  })
  await wallet.startClose(1n)
  chain.advanceTime(7_200_000)
  await wallet.finishClose(1n)
  chain.mine(4)
  const from = String((deployed as unknown as { fromBlock: number }).fromBlock)
  expect(await run('contract', 'income', '--from', from)).toMatchObject({
    code: 0,
    json: {
      earned: `${NEAR}`,
      open: [{ channelId: '2', deposited: `${2n * NEAR}` }],
      settled: [{ channelId: '1', forfeited: true }],
      owed: '0',
      next: expect.any(Number),
    },
  })
  expect(await owner('collect')).toMatchObject({ code: 1, json: { error: { code: 'nothing_owed' } } })
  const moved = alice.balance
  expect(await owner('move', '1 NEAR', '--to', alice.accountId)).toMatchObject({ code: 0 })
  expect(alice.balance - moved).toBe(NEAR)
  expect(await host('leave')).toMatchObject({ code: 1, json: { error: { code: 'near_transaction_failed' } } })
})

test.each<[string, number, string, string[]]>([
  ['a command without a contract', 1, 'near_contract_unnamed', ['contract', 'terms', '--network', 'localnet']],
  ['a command without a network', 1, 'near_network_missing', ['contract', 'terms', '--contract', contract]],
  [
    'a price without a unit',
    2,
    'usage_invalid',
    ['contract', 'set-prices', '--input-price', '0.5', '--output-price', '1'],
  ],
  ['money without a unit', 2, 'usage_invalid', ['provider', 'deposit', '5', '--contract', contract]],
  [
    'a key on the command line',
    1,
    'near_key_exposed',
    ['provider', 'leave', '--contract', contract, '--key', 'ed25519:x'],
  ],
  ['no word about images', 1, 'images_missing', ['contract', 'set-images', '--contract', contract]],
  [
    'a host that is none',
    1,
    'provider_unknown',
    ['provider', 'show', 'nobody.near', '--contract', contract, '--network', 'localnet', '--node', 'URL'],
  ],
  ['an update of nothing', 1, 'offer_unchanged', ['provider', 'update', '--contract', contract]],
])('%s is refused with one error', async (_, code, error, args) => {
  const line = args.map((arg) => (arg === 'URL' ? server.url : arg))
  expect(await here(...line)).toMatchObject({ code, json: { error: { code: error } } })
})

test('collateral goes to no contract that could keep it, unless the host insists', async () => {
  const offer = ['--url', 'https://b', '--input-price', '0 NEAR per token', '--output-price', '0 NEAR per token']
  const own = chain.root.createAccount('own', { balance: 50n * NEAR })
  own.deploy(modelCode().wasm, { method: 'open', args: openingOf(own.accountId) })
  const register = (...more: string[]) =>
    host('register', ...offer, '--collateral', '1 NEAR', '--contract', own.accountId, ...more)
  expect(await register()).toMatchObject({
    code: 1,
    json: { error: { code: 'contract_unknown', message: expect.stringContaining('1 keys') } },
  })
  expect(await register('--any-code')).toMatchObject({ code: 0 })
})

const openingOf = (owner: string) => ({
  owner,
  beneficiary: owner,
  model_h: modelH,
  prices: { input: '0', output: '0' },
  image_hs: [],
  challenge_period_ms: '1',
  expiry_ms: '2',
  close_fee: '0',
})

test('as a process, for people: what it costs, what is set, who hosts', async () => {
  const say = async (...args: string[]) => {
    const { stdout, stderr } = await dcml(folder, [...args, '--config', 'near.json'])
    expect(stderr).toBe('')
    return stdout
  }
  const saga = ['--contract', 'saga.charlie.test.near', '--key', 'charlie.json']
  expect(await say('contract', ...deploy, ...saga)).toMatch(/total +0\.0\d+ NEAR\nNothing was sent/)
  expect(await say('contract', 'terms')).toMatch(/inputPrice +1 NEAR per million tokens/)
  expect(await say('provider', 'show', bob.accountId)).toMatch(
    /locked +2 NEAR[\s\S]*channel 2 {2}alice\.test\.near at bob/,
  )
})
