import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { PAYMENT_CALLS, STANDARD } from '@dcml/channels'
import { createDevchain } from '@dcml/devchain'
import { accountFromKey } from '@dcml/near'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import {
  CLOSE_FEE,
  EXPIRY_MS,
  eventsOf,
  HOST_PRICES,
  json,
  NEAR,
  OWNER_PRICES,
  PERIOD_MS,
} from '../../../contracts/model/test/world.ts'
import { nodeThat } from './bad-node.ts'
import { DEPOSIT, type Scene, startScene, wasm } from './scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await startScene()
  onTestFinished(() => scene[Symbol.asyncDispose]())
})

const until = (condition: () => unknown) =>
  vi.waitFor(() => expect(condition()).toBeTruthy(), { timeout: 15_000, interval: 10 })
const said = (event: string) => scene.log.filter((line) => line.event === event)
const force = (id: bigint, { world } = scene) => {
  world.call(world.alice, 'start_close', { channel_id: id }, { deposit: CLOSE_FEE })
  world.chain.mine(5)
}
const isOpen = (id: bigint, { world } = scene) => world.model.view('channel', { channel_id: `${id}` }) !== null
const ended = (id: bigint) => until(() => !isOpen(id))

test('a close without approval is answered on time, and everybody has what is theirs', async () => {
  const { world } = scene
  const id = await scene.channel(500)
  const watcher = await scene.watch()
  const bob = world.bob.balance
  const treasury = world.treasury.balance
  force(id)
  await ended(id)
  expect(world.bob.balance - bob).toBe(500n * HOST_PRICES.input + CLOSE_FEE)
  expect(world.treasury.balance - treasury).toBe(500n * OWNER_PRICES.input)
  expect(world.free()).toBe(100n * NEAR)
  expect(world.surplus()).toBe(0n)
  world.chain.mine(5)
  await until(() => said('forget.forgotten').length === 1)
  expect(watcher.channels()).toEqual([])
  expect(
    scene.log.map(({ event }) => event).filter((event) => !['started', 'submit-answer.gone'].includes(event)),
  ).toEqual([
    'seen.close_started',
    'ask-enclave.approved',
    'submit-answer.answered',
    'seen.channel_closed',
    'forget.forgotten',
  ])
})

test('closes that no event proof covers are answered too: in a batch, and of channels the enclave never took up', async () => {
  const { world } = scene
  const [one, two] = [await scene.channel(10), await scene.channel()]
  await scene.watch()
  const call = (id: bigint) => ({
    type: 'FunctionCall' as const,
    methodName: 'start_close',
    args: new TextEncoder().encode(JSON.stringify({ channel_id: `${id}` })),
    gas: 30_000_000_000_000n,
    deposit: CLOSE_FEE,
  })
  world.alice.send(world.model.accountId, [call(one), call(two)])
  world.chain.mine(5)
  await ended(one)
  await ended(two)
  expect(world.free()).toBe(100n * NEAR)
  expect(world.surplus()).toBe(0n)
})

test('an enclave that is down for a while is asked again until it answers', async () => {
  const id = await scene.channel(10)
  await scene.watch()
  scene.enclave.interfere = (request) => request.socket.destroy()
  force(id)
  await until(() => said('ask-enclave.failed').length >= 2)
  expect(said('ask-enclave.failed')[0]!.error).toMatchObject({ code: 'enclave_unreachable' })
  scene.enclave.interfere = null
  await ended(id)
})

test.each<[string, string, NonNullable<Scene['enclave']['interfere']>]>([
  [
    'redirects',
    'enclave_answer_invalid',
    (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end('{'),
  ],
  [
    'says no',
    'enclave_refused',
    (_, response) => response.writeHead(503).end('{"error":{"code":"draining","message":"stop"}}'),
  ],
  ['sends without end', 'enclave_answer_invalid', (_, response) => response.end(`"${'x'.repeat(2_000_000)}"`)],
  ['says what no enclave says', 'wire_invalid', (_, response) => response.end('[]')],
  ['is silent', 'enclave_unreachable', () => {}],
])('an endpoint that %s is a failed attempt, and no more', async (_, code, interfere) => {
  const id = await scene.channel(10)
  await scene.watch({ times: { answerMs: 200 } as never })
  scene.enclave.interfere = interfere
  force(id)
  await until(() => said('ask-enclave.failed').some(({ error }) => (error as { code: string }).code === code))
  scene.enclave.interfere = null
  await ended(id)
})

test('an endpoint that anybody registered leads to nothing in the network of the watcher', async () => {
  const { world } = scene
  let connections = 0
  const inside = createServer((socket) => {
    connections++
    socket.destroy()
  })
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void inside.close())
  const { port } = inside.address() as AddressInfo
  const id = await scene.channel(10)
  await scene.watch({ enclaves: {} })
  force(id)
  for (const [count, host] of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]'].entries()) {
    const offer = { endpoint: `https://${host}:${port}`, prices: HOST_PRICES, por_account: null }
    world.call(world.bob, 'update_provider', json(offer))
    world.chain.mine(1)
    await until(() => said('ask-enclave.failed').length > 3 * (count + 1))
  }
  expect(said('ask-enclave.failed').at(-1)!.error).toMatchObject({ code: 'enclave_unreachable' })
  expect(connections).toBe(0)
})

test('an approval of somebody else is not submitted', async () => {
  const [id, other] = [await scene.channel(10), await scene.channel(10)]
  await scene.watch()
  const approval = await scene.enclave.approvalOf(other)
  scene.enclave.interfere = ({ url }, response) =>
    url === PAYMENT_CALLS.answerClosure ? response.end(JSON.stringify({ approval })) : 'pass'
  force(id)
  await until(() => said('ask-enclave.failed').length > 0)
  expect(said('ask-enclave.failed')[0]!.error).toMatchObject({ code: 'approval_foreign' })
  expect(scene.world.stranger.balance).toBe(1000n * NEAR)
  scene.enclave.interfere = null
  await ended(id)
})

test('an enclave that never answers: louder and louder alarms, then the lock is lost, and the channel still ends', async () => {
  const { world } = scene
  const id = await scene.channel(10)
  const watcher = await scene.watch({ finish: true, listen: { host: '127.0.0.1', port: 0 } })
  const metric = async (name: string) => {
    const text = await (await fetch(`http://127.0.0.1:${watcher.address!.port}/metrics`)).text()
    return text
      .split('\n')
      .find((line) => line.startsWith(name))
      ?.slice(name.length + 1)
  }
  scene.enclave.interfere = (request) => request.socket.destroy()
  force(id)
  await until(() => said('ask-enclave.failed').length > 0)
  expect(await metric('dcml_watcher_closing')).toBe('1')
  expect(Number(await metric('dcml_watcher_seconds_left'))).toBeGreaterThan(3000)
  for (const [wait, alarm] of [
    [1_900_000, 'warning'],
    [1_200_000, 'urgent'],
    [600_000, 'lost'],
  ] as const) {
    world.chain.advanceTime(wait)
    world.chain.mine(1)
    await until(() => said(`alarm.${alarm}`).length === 1)
    expect(said(`alarm.${alarm}`)[0]).toMatchObject({ channelId: `${id}`, lock: `${DEPOSIT}`, waitingFor: 'enclave' })
  }
  expect(await metric('dcml_watcher_alarms{level="lost"}')).toBe('1')
  await ended(id)
  world.chain.mine(5)
  await until(() => said('seen.channel_forfeited').length === 1)
  expect(await metric('dcml_watcher_seconds_left')).toBe('+Inf')
  expect(await metric('dcml_watcher_ends_total{how="forfeited"}')).toBe('1')
  expect(said('alarm.warning').length + said('alarm.urgent').length + said('alarm.lost').length).toBe(3)
  expect(world.surplus()).toBe(0n)
})

test('a channel that everybody forgot is expired and answered', async () => {
  const { world } = scene
  const id = await scene.channel(10)
  await scene.watch({ finish: true })
  world.chain.advanceTime(EXPIRY_MS + 10_000)
  world.chain.mine(1)
  await until(() => said('expire.ended').length === 1)
  world.chain.mine(5)
  await ended(id)
  expect(world.treasury.balance % NEAR).toBe(10n * OWNER_PRICES.input)
})

test('what two nodes tell is said, done and counted once', async () => {
  const id = await scene.channel(10)
  const watcher = await scene.watch({
    nodes: [scene.rpc.url, `${scene.rpc.url}/`],
    listen: { host: '127.0.0.1', port: 0 },
  })
  force(id)
  await ended(id)
  scene.world.chain.mine(5)
  await until(() => said('forget.forgotten').length === 1)
  await until(() => watcher.channels().length === 0)
  const metrics = await (await fetch(`http://127.0.0.1:${watcher.address!.port}/metrics`)).text()
  expect(metrics).toContain('dcml_watcher_closures_total 1')
  expect(metrics).toContain('dcml_watcher_ends_total{how="answered"} 1')
  expect(metrics).toContain('dcml_watcher_ends_total{how="ended"} 1')
  expect(said('seen.close_started').length + said('seen.channel_closed').length).toBe(2)
})

test('two watchers do each other no harm', async () => {
  const { world } = scene
  const ids = [await scene.channel(10), await scene.channel(20), await scene.channel(30)]
  await scene.watch()
  const { accountId, key } = world.charlie
  await scene.watch({ account: accountFromKey(accountId, key.secretKey) })
  for (const id of ids) force(id)
  for (const id of ids) await ended(id)
  world.chain.mine(5)
  await until(() => said('seen.channel_closed').length === 6)
  expect(world.free()).toBe(100n * NEAR)
  expect(world.surplus()).toBe(0n)
})

test('a watcher that is stopped in the middle goes on from its file, though the node dropped what was before', async () => {
  const { world } = scene
  const state = join(scene.folder, 'state.json')
  const id = await scene.channel(10)
  world.chain.mine(5)
  const first = await scene.watch({ state })
  await until(() => first.channels().length === 1)
  scene.enclave.interfere = (request) => request.socket.destroy()
  force(id)
  await until(() => said('ask-enclave.failed').length > 0)
  await first.close()
  scene.enclave.interfere = null
  // whoever reads from this height on knows of no channel
  const { seen, url, close } = await nodeThat(scene.rpc.url, ({ method, params }) =>
    method === 'EXPERIMENTAL_changes' && Number(params.block_id) < world.chain.head.header.height - 4 ? 503 : 'pass',
  )
  onTestFinished(close)
  await scene.watch({ state, nodes: [url] })
  await ended(id)
  expect(seen).toContain('send_tx')
})

test('a state file of another contract, or a damaged one, is refused', async () => {
  const state = join(scene.folder, 'state.json')
  const watcher = await scene.watch({ state })
  await watcher.close()
  await expect(scene.watch({ state, chain: { ...scene.near, contract: 'other.near' } })).rejects.toMatchObject({
    code: 'watcher_state_invalid',
  })
  writeFileSync(state, '{')
  await expect(scene.watch({ state })).rejects.toMatchObject({ code: 'watcher_state_invalid' })
})

test('one honest node is enough: others are down, stand still, hang, or hide the close', async () => {
  const { world } = scene
  const id = await scene.channel(10)
  world.chain.mine(5)
  const height = world.chain.head.header.height
  const still = createDevchain()
  const stillRpc = await still.serve()
  const hiding = await nodeThat(scene.rpc.url, ({ method, params }) =>
    method === 'EXPERIMENTAL_changes' && Number(params.block_id) > height ? { block_hash: 'x', changes: [] } : 'pass',
  )
  const hanging = await nodeThat(scene.rpc.url, ({ method }) => (method === 'query' ? 'hang' : 'pass'))
  onTestFinished(async () => {
    hiding.close()
    hanging.close()
    await stillRpc.close()
  })
  const nodes = ['http://127.0.0.1:9', stillRpc.url, hanging.url, hiding.url, scene.rpc.url]
  // time enough for the honest one, also where the machine is busy
  const times = { answerMs: 4_000 } as never
  const watcher = await scene.watch({ nodes, times, listen: { host: '127.0.0.1', port: 0 } })
  force(id)
  await ended(id)
  const health = await fetch(`http://127.0.0.1:${watcher.address!.port}/healthz`)
  expect([health.status, await health.json()]).toMatchObject([200, { ok: true }])
})

/** A node, first in the list, that makes up closes of a host without end, and hangs where it should prove one. */
async function inventing(id: bigint, { world, rpc, near, now } = scene) {
  let height = world.chain.head.header.height
  const told = new Set<string>()
  const [session_key, hex] = [world.enclave.hex, '00'.repeat(32)]
  const log = (event: string, data: object) =>
    `EVENT_JSON:${JSON.stringify({ standard: STANDARD, version: '1.0.0', event, data })}`
  const closing = (channel_id: string) =>
    log('close_started', {
      ...{ channel_id, provider: world.bob.accountId, challenge: hex, session_key },
      deadline: `${BigInt(now() + 600_000) * 1_000_000n}`,
    })
  const opening = (channel_id: string) =>
    log('channel_opened', {
      ...{ channel_id, payer: 'x.near', provider: world.bob.accountId, challenge: hex, session_key, payer_key: hex },
      ...{ deposited: '1', model_h: hex, key_epoch: '0', expires_at: '1' },
      prices: { owner_input: '1', owner_output: '1', host_input: '1', host_output: '1' },
    })
  return nodeThat(rpc.url, ({ method, params }) => {
    if (method === 'block' && params.finality === 'final')
      return {
        header: {
          height: ++height + 2,
          hash: world.chain.head.header.hash,
          timestamp_nanosec: `${BigInt(now()) * 1_000_000n}`,
        },
      }
    if (method === 'EXPERIMENTAL_changes' && Number(params.block_id) > world.chain.head.header.height)
      return {
        block_hash: hex,
        changes: [{ cause: { type: 'receipt_processing', receipt_hash: `made-up-${params.block_id}` } }],
      }
    const receipt = String(params.receipt_id)
    if (method !== 'EXPERIMENTAL_light_client_proof' || !receipt.startsWith('made-up')) return 'pass'
    if (told.has(receipt)) return 'hang'
    told.add(receipt)
    const madeUp = Array.from({ length: 5 }, (_, index) => `${height}${index}`)
    const logs = [closing(`${id}`), ...madeUp.map(opening), ...madeUp.map(closing)]
    const outcome = { executor_id: near.contract, logs, status: { SuccessValue: '' } }
    return { outcome_proof: { id: receipt, block_hash: hex, outcome } }
  })
}

test('a node that makes up closes without end, also of the real channel, starves nobody', async () => {
  const id = await scene.channel(10)
  scene.world.chain.mine(5)
  const liar = await inventing(id)
  onTestFinished(() => liar.close())
  const watcher = await scene.watch({ nodes: [liar.url, scene.rpc.url] })
  await until(() => watcher.channels().length > 50)
  force(id)
  await ended(id)
  expect(scene.world.surplus()).toBe(0n)
})

test('a watcher whose only node stands still says that it is blind', async () => {
  const { world } = scene
  let ahead = 0
  const watcher = await scene.watch({ clock: () => scene.now() + ahead, listen: { host: '127.0.0.1', port: 0 } })
  ahead = 3_600_000
  await until(() => said('alarm.blind').length === 1)
  expect((await fetch(`http://127.0.0.1:${watcher.address!.port}/healthz`)).status).toBe(503)
  ahead = 0
  world.chain.advanceTime(3_600_000)
  world.chain.mine(5)
  await until(() => said('alarm.blind.over').length === 1)
})

test('a node of another network, and a contract that is not there, are no quiet view: the watcher is blind', async () => {
  let ahead = 0
  const clock = () => scene.now() + ahead
  await scene.watch({ clock, chain: { ...scene.near, networkId: 'mainnet' } })
  await scene.watch({ clock, chain: { ...scene.near, contract: 'typo.test.near' } })
  const codes = () => said('read.failed').map(({ error }) => (error as { code: string }).code)
  await until(() => codes().includes('near_network_wrong') && codes().includes('near_account_unknown'))
  ahead = 3_600_000
  await until(() => said('alarm.blind').length === 2)
})

test('a node whose clock is a year ahead does not hide that there is no news', async () => {
  let ahead = 0
  const far = await nodeThat(scene.rpc.url, ({ method, params }) => {
    if (method !== 'block' || params.finality !== 'final' || ahead > 0) return 'pass'
    const { height, hash } = scene.world.chain.head.header
    return { header: { height, hash, timestamp_nanosec: `${BigInt(scene.now() + 31_536_000_000) * 1_000_000n}` } }
  })
  onTestFinished(() => far.close())
  await scene.watch({ nodes: [far.url], clock: () => scene.now() + ahead })
  await until(() => far.seen.filter((method) => method === 'block').length > 4)
  ahead = 3_600_000
  await until(() => said('alarm.blind').length === 1)
})

test("a lookalike contract's events move nobody", async () => {
  const { world } = scene
  const id = await scene.channel(10)
  const other = world.chain.root.createAccount('lookalike', { balance: 20n * NEAR })
  const terms = world.model.view<Record<string, unknown>>('terms')
  const rules = { challenge_period_ms: `${PERIOD_MS}`, expiry_ms: `${EXPIRY_MS}`, close_fee: `${CLOSE_FEE}` }
  const { owner, beneficiary, model_h, prices, image_hs } = terms
  other.deploy(wasm, { method: 'open', args: { owner, beneficiary, model_h, prices, image_hs, ...rules } })
  await scene.watch()
  const offer = json({ endpoint: 'https://127.0.0.1:9', prices: HOST_PRICES, por_account: null })
  world.bob.call(other, 'register_provider', offer, { deposit: 50n * NEAR })
  world.bob.call(other, 'admit_session', { session_key: world.enclave.hex })
  const opening = world.alice.call(other, 'open_channel', json(world.openArgs()), { deposit: 2n * NEAR })
  const [opened] = eventsOf(opening)
  expect(opened![1].channel_id).toBe(`${id}`)
  world.alice.call(other, 'start_close', { channel_id: `${id}` }, { deposit: CLOSE_FEE })
  world.chain.mine(8)
  force(id)
  await ended(id)
  expect(said('seen.close_started')).toHaveLength(1)
})

test('options that make no sense are refused', async () => {
  const bad = (options: object, code: string) => expect(scene.watch(options)).rejects.toMatchObject({ code })
  await bad({ nodes: [] }, 'watcher_options_invalid')
  await bad({ from: -1 }, 'watcher_options_invalid')
  await bad({ nodes: ['ftp://x'] }, 'near_nodes_missing')
  await bad({ enclaves: { 'bob.near': 'bob' } }, 'watcher_enclave_invalid')
  await bad({ times: { urgentBeforeMs: 1_800_001 } }, 'watcher_options_invalid')
  await bad({ listen: { host: '203.0.113.1', port: 1 } }, 'listen_failed')
})
