// Anyone may ask an enclave for a quote of his connection, and a TEE makes them slowly, one at a time. Whoever only wants
// the evidence that is kept for sessions must not notice.
import { EventEmitter } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { manifest, refusal, simulator, startEnclave } from '../../test/world.ts'
import type { AttestRequest } from '../channel/wire.ts'
import { parseClaims } from '../evidence/claims.ts'
import { type EvidenceJson, parseEvidence } from '../evidence/evidence.ts'
import { imageH } from '../evidence/manifest.ts'
import type { CpuEvidence, GpuBackend, GpuEvidence, TeeBackend } from '../tee.ts'
import type { BrowserSession } from './enclave.ts'

/** How long to wait for what takes no time on a machine that has some. */
const patient = { timeout: 4000, interval: 5 }

const request = (binding: AttestRequest['binding']): AttestRequest => ({
  nonce: new Uint8Array(32),
  binding,
  purpose: 'session',
})
const claimsOf = ({ evidence }: { evidence: EvidenceJson }) => parseClaims(parseEvidence(evidence).claims)

/** The side of a server: as much of a TLS 1.3 connection as an enclave looks at. */
const connection = (): TLSSocket =>
  Object.assign(new EventEmitter(), {
    getProtocol: () => 'TLSv1.3',
    isSessionReused: () => false,
    exportKeyingMaterial: () => Buffer.alloc(32),
  }) as never

/** A TEE that makes a quote when it is told to; with GPUs, those are what is waited for. */
class SlowTee implements TeeBackend {
  readonly name = 'simulator'
  readonly environment = 'development'
  readonly gpu?: GpuBackend
  slow = false
  readonly #waiting: (() => void)[] = []

  constructor({ gpus = false } = {}) {
    if (gpus) this.gpu = { name: 'simulator', evidence: (nonce) => this.#gpuEvidence(nonce) }
  }

  async quote(reportData: Uint8Array): Promise<CpuEvidence> {
    if (this.gpu === undefined) await this.#turn()
    return (await simulator()).createTee({ imageH: imageH(manifest()) }).quote(reportData)
  }

  async #gpuEvidence(report: Uint8Array): Promise<GpuEvidence[]> {
    await this.#turn()
    return [{ kind: 'gpu', report, certificates: 'chain', rims: [], revocations: [new Uint8Array(1)] }]
  }

  async #turn(): Promise<void> {
    if (this.slow) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Makes the quote that is under way, and starts on the next one. */
  async makeOne(): Promise<void> {
    await expect.poll(() => this.#waiting.length, patient).toBe(1)
    this.#waiting.shift()?.()
  }
}

const browserSession: BrowserSession = {
  nonce: new Uint8Array(32),
  clientKey: new Uint8Array(32),
  hpkeKey: new Uint8Array(32),
  binding: 'session-signed',
}

async function start(options?: { gpus: boolean }) {
  const tee = new SlowTee(options)
  const world = { now: 1_790_000_000_000, modelH: undefined as Uint8Array | undefined }
  const enclave = await startEnclave({ tee, clock: () => world.now, modelH: () => world.modelH })
  tee.slow = true
  return {
    tee,
    world,
    session: async () => claimsOf(await enclave.attest(connection(), request('session-signed'))),
    quoted: (socket = connection()) => enclave.attest(socket, request('session-quoted')),
    browser: async () => claimsOf(await enclave.browserEvidence(browserSession)),
  }
}

/** One caller whose quote is being made, 64 who wait, and some who are turned away. */
const flood = (quoted: () => Promise<unknown>): Promise<unknown>[] =>
  Array.from({ length: 70 }, () => quoted().catch((error) => error.code))

test('too many callers are turned away', async () => {
  const { tee, quoted } = await start()
  const asked = flood(quoted)
  expect(await refusal(quoted())).toMatchObject({ code: 'quote_busy', retryable: true })
  tee.slow = false
  await tee.makeOne()
  const outcomes = await Promise.all(asked)
  expect(outcomes.filter((outcome) => outcome === 'quote_busy')).toHaveLength(5)
  expect(claimsOf(await quoted())).toMatchObject({ purpose: 'session', exporter: expect.any(Uint8Array) })
})

test('sessions go on with the evidence that is there, and its successor is the next quote made', async () => {
  const { tee, world, session, quoted } = await start()
  const first = world.now
  flood(quoted)
  world.now += 130_000
  expect((await session()).iat).toBe(first)
  world.now += 349_999
  expect((await session()).iat).toBe(first)
  await tee.makeOne() // the one quote that was being made when the evidence grew old
  await tee.makeOne()
  await expect.poll(async () => (await session()).iat, patient).toBe(world.now)
})

test('evidence that a client would find too old is not handed out: its successor is waited for', async () => {
  const { tee, world, session, quoted } = await start()
  flood(quoted)
  world.now += 480_000
  const waiting = Promise.all([session(), session()])
  await tee.makeOne()
  await tee.makeOne()
  expect((await waiting).map(({ iat }) => iat)).toEqual([world.now, world.now])
})

test('a model that was loaded is in the next evidence, also when that was being made already', async () => {
  const { tee, world, session } = await start()
  world.now += 130_000
  await session()
  world.modelH = new Uint8Array(32).fill(1)
  const waiting = session()
  await tee.makeOne()
  await tee.makeOne()
  expect((await waiting).modelH).toEqual(world.modelH)
})

test('a clock that was set back leads to new evidence', async () => {
  const { tee, world, session } = await start()
  world.now -= 3_600_000
  const waiting = session()
  await tee.makeOne()
  expect((await waiting).iat).toBe(world.now)
})

test('a connection has one quote at a time, and none once it is closed', async () => {
  const { tee, quoted } = await start()
  const [first, second] = [connection(), connection()]
  const one = quoted(first)
  expect(await refusal(quoted(first))).toMatchObject({ code: 'quote_busy', retryable: true })
  const two = quoted(second)
  second.emit('close')
  expect(await refusal(two)).toMatchObject({ code: 'tls_failed' })
  await tee.makeOne()
  await one
  const again = quoted(first)
  await tee.makeOne()
  await again
  expect(first.listenerCount('close')).toBe(0)
})

test('callers who went away make room', async () => {
  const { tee, quoted } = await start()
  const callers = Array.from({ length: 70 }, connection)
  const asked = callers.map((socket) => quoted(socket).catch(() => {}))
  expect(await refusal(quoted())).toMatchObject({ code: 'quote_busy' })
  for (const socket of callers) socket.emit('close')
  const next = quoted()
  tee.slow = false
  await tee.makeOne()
  expect(claimsOf(await next)).toMatchObject({ purpose: 'session' })
  await Promise.all(asked)
})

test('GPUs that take 2 s a quote keep no client and no browser waiting, and those who want a quote are served', async () => {
  const { tee, world, session, quoted, browser } = await start({ gpus: true })
  let served = 0
  const flooded = flood(async () => {
    for (;;) {
      await quoted()
      served++
    }
  })
  // the one quote of the flood that was being made, and its own
  const firstPage = browser()
  await tee.makeOne()
  await tee.makeOne()
  await firstPage
  const ages: number[] = []
  for (let seconds = 0; seconds < 300; seconds += 2) {
    world.now += 2000
    await tee.makeOne()
    // neither waits for any of the quotes that are wanted
    for (const { iat } of [await session(), await browser()]) ages.push(world.now - iat)
  }
  // a successor is wanted at 120 s, and is the next or the next but two: both purposes may want one
  expect(Math.max(...ages)).toBeLessThanOrEqual(128_000)
  expect(served).toBeGreaterThan(140)
  void flooded
})
