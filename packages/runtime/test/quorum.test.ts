// Enclaves remember for each other, over attested connections.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { imageH, keyRelease } from '@dcml/attestation'
import { EnclaveLedger } from '@dcml/channels'
import { antiRollbackCompliance } from '@dcml/channels/testing'
import pino from 'pino'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { identity, NOW, opening } from '../../channels/test/world.ts'
import { type QuorumDevice, quorumDevice } from '../src/anti-rollback/quorum/device.ts'
import { openSealedState } from '../src/state/sealed-state.ts'
import { attestedFetch, manifestOf, simulator } from './harness.ts'

const manifest = manifestOf()
const mark = (counter: bigint, byte = 1) => ({ counter, digest: new Uint8Array(32).fill(byte) })
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? String(error),
  )

interface Start {
  readonly peers: readonly { host: string; port: number }[]
  readonly file: string
  readonly bytes?: Uint8Array
  readonly port?: number
  readonly patienceMs?: number
  readonly sealingKey?: Uint8Array
  readonly lines?: string[]
}

let folder: string
const opened = new Set<QuorumDevice>()

async function start({ peers, file, bytes = manifest, port = 0, ...rest }: Start): Promise<QuorumDevice> {
  const { patienceMs = 0, sealingKey = new Uint8Array(32).fill(3), lines = [] } = rest
  const device = await quorumDevice({
    tee: simulator.createTee({ imageH: imageH(bytes) }),
    manifest: bytes,
    policy: keyRelease({ environment: 'development', imageH: [], images: [simulator.image] }),
    roots: [simulator.rootDer],
    listen: { host: '127.0.0.1', port },
    peers,
    file: join(folder, file),
    sealingKey,
    log: pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }),
    patienceMs,
    enrolMs: patienceMs,
  })
  opened.add(device)
  return device
}

async function stop(device: QuorumDevice): Promise<void> {
  opened.delete(device)
  await device.close()
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Four enclaves, each with the other three as its peers, that wait for one another as at the first start of all. */
async function startTogether(name: string) {
  const ports = await Promise.all([0, 1, 2, 3].map(freePort))
  const plans = ports.map((port, i) => ({
    file: `${name}-${i}`,
    port,
    peers: ports.filter((other) => other !== port).map((other) => ({ host: '127.0.0.1', port: other })),
  }))
  const devices = await Promise.all(plans.map((plan) => start({ ...plan, patienceMs: 20_000 })))
  return plans.map((plan, i) => ({ plan, device: devices[i]! }))
}

let shared: Awaited<ReturnType<typeof startTogether>>
/** Three that keep running. */
const peers = () => shared.slice(1).map(({ device }) => device.address)
let files = 0
const newFile = (): string => `file-${files++}`

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-quorum-'))
  shared = await startTogether('shared')
})
afterEach(async () => {
  const keep = new Set(shared.map(({ device }) => device))
  await Promise.all([...opened].filter((device) => !keep.has(device)).map(stop))
})
afterAll(async () => {
  await Promise.all([...opened].map(stop))
  await rm(folder, { recursive: true, force: true })
})

test.each(
  antiRollbackCompliance(async () => {
    const file = newFile()
    const open = (): Promise<QuorumDevice> => start({ peers: peers(), file, patienceMs: 5000 })
    return { handle: await open(), again: open }
  }),
)('quorum over attested connections $name', ({ run }) => run())

test('of three peers one may be lost, and no more; a second start ends the first', async () => {
  const [one, two, three] = (await startTogether('mortal')) as [
    (typeof shared)[0],
    (typeof shared)[0],
    (typeof shared)[0],
  ]
  const { device, plan } = one
  expect([device.name, device.environment]).toEqual(['quorum', 'development'])
  await device.advance(mark(1n))
  await device.advance(mark(2n))
  const again = await start({ ...plan, port: 0 })
  expect(again.incarnation).toEqual(device.incarnation)
  expect(await again.read()).toEqual(mark(2n))
  expect(await codeOf(device.advance(mark(3n)))).toBe('rollback_conflict')

  // the process at the same address is another, and remembers nothing
  await stop(two.device)
  await start(two.plan)
  await again.advance(mark(3n))
  const third = await start({ ...plan, port: 0 })
  expect(await third.read()).toEqual(mark(3n))

  await stop(three.device)
  expect(await codeOf(third.advance(mark(4n)))).toBe('rollback_quorum_unreachable')
  await start(three.plan)
  expect(await codeOf(third.read())).toBe('rollback_quorum_lost')
  expect(await codeOf(third.advance(mark(4n)))).toBe('rollback_quorum_lost')
})

test('peers may restart one after another where the mark moves on in between; the file from before is refused', async () => {
  const [one, ...others] = await startTogether('moving')
  const { device, plan } = one!
  const before = join(folder, 'before')
  await cp(join(folder, plan.file), before)
  await device.advance(mark(1n))
  expect(await device.lookAfter()).toBe(false)
  for (const [i, other] of others.entries()) {
    await stop(other.device)
    await start(other.plan)
    expect(await device.lookAfter()).toBe(true)
    await device.advance(mark(BigInt(i) + 2n))
  }
  const again = await start({ ...plan, port: 0 })
  expect([await again.read(), again.incarnation]).toEqual([mark(4n), device.incarnation])
  const old = await start({ ...plan, file: 'before', port: 0 })
  expect(await codeOf(old.read())).toBe('rollback_quorum_lost')
})

test('one introduction serves many messages', async () => {
  const lines: string[] = []
  const watched = await start({ peers: peers(), file: newFile(), lines })
  const device = await start({ peers: [watched.address, ...peers().slice(1)], file: newFile() })
  for (let counter = 1n; counter <= 5n; counter++) await device.advance(mark(counter))
  await device.read()
  const calls = lines.map((line) => JSON.parse(line)).filter(({ status }) => status === 200)
  const count = (route: string): number => calls.filter((line) => line.route.endsWith(route)).length
  expect(count('/introduce')).toBe(1)
  expect(count('/remember')).toBeGreaterThan(4)
})

test('strangers are not heard: neither clients nor enclaves of another image', async () => {
  const { port } = peers()[0]!
  const fetch = attestedFetch({ imageH: imageH(manifest) })
  for (const call of ['recall', 'remember']) {
    const answer = await fetch(`https://127.0.0.1:${port}/dcml/v1/${call}`, { method: 'POST', body: '{}' })
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([
      403,
      'peer_challenge_missing',
    ])
  }
  await fetch.close()
  const other = manifestOf({ name: 'other' })
  expect(await codeOf(start({ peers: peers(), file: newFile(), bytes: other }))).toBe('attestation_refused')
})

test('whom it chose is sealed: nothing else is taken in its place', async () => {
  const file = newFile()
  const { incarnation } = await start({ peers: peers(), file })
  const sealed = await readFile(join(folder, file))
  expect(await codeOf(start({ peers: peers(), file, sealingKey: new Uint8Array(32) }))).toBe('rollback_file_unreadable')
  const more = [...peers(), shared[0]!.device.address, shared[0]!.device.address]
  expect(await codeOf(start({ peers: more, file }))).toBe('quorum_peers_invalid')
  await writeFile(join(folder, file), sealed.with(40, sealed[40]! ^ 1))
  expect(await codeOf(start({ peers: peers(), file }))).toBe('rollback_file_unreadable')
  // without it there is a new device, that has seen no state and does not pass for the old one
  await rm(join(folder, file))
  const fresh = await start({ peers: peers(), file })
  expect(fresh.incarnation).not.toEqual(incarnation)
  expect(await fresh.read()).toEqual(mark(0n, 0))
})

test.each([0, 1, 2, 4, 33])('%i peers are refused', async (count) => {
  const many = Array.from({ length: count }, () => peers()[0]!)
  expect(await codeOf(start({ peers: many, file: newFile() }))).toBe('quorum_peers_invalid')
})

test('one peer does not count for two, and all that are chosen must be there', async () => {
  const [a, b] = peers()
  expect(await codeOf(start({ peers: [a!, b!, a!], file: newFile() }))).toBe('quorum_peers_invalid')
  const nobody = { host: '127.0.0.1', port: await freePort() }
  expect(await codeOf(start({ peers: [a!, b!, nobody], file: newFile() }))).toBe('peer_unreachable')
})

test('snapshot-restore: with the enclave’s disk turned back, nothing is served or approved', async () => {
  const [state, snapshot] = [join(folder, 'state'), join(folder, 'snapshot')]
  const plan = { peers: peers(), file: newFile() }
  const live = async (act: (ledger: EnclaveLedger) => Promise<unknown>) => {
    const antiRollback = await start(plan)
    const options = { folder: state, sealingKey: new Uint8Array(32), log: pino({ level: 'silent' }), antiRollback }
    const sealed = await openSealedState(options)
    try {
      const { isNewSession, store } = sealed
      await act(await EnclaveLedger.open({ identity, isNewSession, store, antiRollback, clock: () => NOW }))
    } finally {
      await sealed.close()
    }
  }
  await live(async () => {})
  await cp(state, snapshot, { recursive: true })
  await live((ledger) => ledger.requestClosure(1n, opening()))
  await rm(state, { recursive: true })
  await cp(snapshot, state, { recursive: true })
  expect(await codeOf(live(async () => {}))).toBe('channel_state_rolled_back')
})
