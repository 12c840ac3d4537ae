import { DcmlError, type KeyGrant } from '@dcml/protocol'
import { expect, test, vi } from 'vitest'
import type { Engine, EngineLoader } from '../engine/engine.ts'
import { KeyStore } from '../keys/store.ts'
import { scriptedLoader } from '../testing.ts'
import { ModelHost, type ModelState } from './host.ts'
import type { SealedModel } from './source.ts'

const MODEL = new Uint8Array(32).fill(1)
const RIGHT = 7
const grant = (seed: number): KeyGrant => ({
  domain: { tag: 'dcml/key-grant', version: 1, networkId: 'none', contract: '', subject: MODEL },
  sk: new Uint8Array(32).fill(seed),
  keyEpoch: 0,
  ownerContract: '',
  provenance: null,
})
const fault = (code: string) => new DcmlError(code, 'No.', { hint: 'No.' })

function setUp(options: { sealed?: Partial<SealedModel>; loader?: EngineLoader; allowed?: boolean } = {}) {
  const keys = new KeyStore()
  const states: ModelState[] = []
  const counts = { opened: 0, closed: 0 }
  const sealed: SealedModel = {
    modelH: MODEL,
    name: 'm',
    size: 10,
    unlocks: async (sk) => sk[0] === RIGHT,
    async open(sk, { onProgress }) {
      if (sk[0] !== RIGHT) throw fault('container_wrong_key')
      counts.opened++
      onProgress({ done: 5, total: 10 })
      return { files: [], close: async () => void counts.closed++ }
    },
    ...options.sealed,
  }
  const host = new ModelHost({
    source: async () => sealed,
    loader: options.loader ?? scriptedLoader(() => ({ tokens: ['x'] })),
    log: { info() {}, warn() {} },
    keys,
    clock: () => 42,
    allows: () => options.allowed ?? true,
    onChange: (state) => states.push(state),
  })
  return { host, keys, counts, phases: () => states.map(({ phase }) => phase) }
}

test('waits for the key, tries what comes, and is ready with the right one', async () => {
  const { host, keys, counts, phases } = setUp()
  await host.load('x')
  await host.settled()
  expect(host.state.phase).toBe('key')
  keys.add(grant(1), 'peer')
  await host.settled()
  expect(host.state.phase).toBe('key')
  keys.add(grant(RIGHT), 'publisher')
  await host.settled()
  expect(host.ready()).toMatchObject({ name: 'm', loadedAt: 42 })
  expect(counts).toEqual({ opened: 1, closed: 1 })
  expect(phases()).toEqual(['loading', 'key', 'loading', 'key', 'loading', 'loading', 'ready'])
})

test('a key that comes while another is tried is not forgotten', async () => {
  const { promise: decided, resolve: decide } = Promise.withResolvers<boolean>()
  const { host, keys } = setUp({
    sealed: {
      unlocks: (sk) => (sk[0] === RIGHT ? Promise.resolve(true) : decided),
    },
  })
  keys.add(grant(1), 'publisher')
  await host.load('x')
  keys.add(grant(RIGHT), 'publisher')
  await new Promise((resolve) => setImmediate(resolve))
  decide(false)
  await host.settled()
  expect(host.state.phase).toBe('ready')
})

test('keys that are overwritten while one is tried do not change the trial', async () => {
  const seen: number[] = []
  const { host, keys } = setUp({
    sealed: {
      async unlocks(sk) {
        keys.clear()
        seen.push(sk[0]!)
        return sk[0] === RIGHT
      },
    },
  })
  keys.add(grant(RIGHT), 'publisher')
  await host.load('x')
  await host.settled()
  expect(seen[0]).toBe(RIGHT)
  expect(host.state.phase).toBe('ready')
})

const failures: [string, Parameters<typeof setUp>[0], string][] = [
  [
    'a container that does not open',
    { sealed: { open: () => Promise.reject(fault('container_root_mismatch')) } },
    'container_root_mismatch',
  ],
  ['a tmpfs without room', { sealed: { open: () => Promise.reject(fault('tmpfs_full')) } }, 'tmpfs_full'],
  [
    'an engine that does not load',
    { loader: { name: 'x', load: () => Promise.reject(new Error('not a GGUF')) } },
    'model_load_failed',
  ],
  [
    'a header that cannot be read twice',
    { sealed: { unlocks: () => Promise.reject(fault('container_malformed')) } },
    'container_malformed',
  ],
]
for (const [name, options, code] of failures) {
  test(`${name} leaves nothing half-loaded, and may be tried again`, async () => {
    const { host, keys, counts } = setUp(options)
    keys.add(grant(RIGHT), 'publisher')
    await host.load('x')
    await host.settled()
    expect(host.state).toMatchObject({ phase: 'failed', error: { code } })
    expect(counts.opened).toBe(counts.closed)
    expect(() => host.ready()).toThrow(expect.objectContaining({ code: 'model_not_ready' }))
    await host.load('x')
    await host.settled()
    expect(host.state.phase).toBe('failed')
  })
}

test('one load at a time, one model per life, and only what the manifest allows', async () => {
  const { host, keys } = setUp()
  keys.add(grant(RIGHT), 'publisher')
  const [first, second] = await Promise.allSettled([host.load('x'), host.load('x')])
  expect(first.status).toBe('fulfilled')
  expect(second).toMatchObject({ reason: { code: 'model_busy' } })
  await host.settled()
  await expect(host.load('x')).rejects.toMatchObject({ code: 'model_already_loaded' })
  await expect(setUp({ allowed: false }).host.load('x')).rejects.toMatchObject({ code: 'model_refused' })
})

test('stopping while the engine loads closes it', async () => {
  const close = vi.fn(async () => {})
  const { promise: loaded, resolve: finish } = Promise.withResolvers<Engine>()
  const { host, keys, counts } = setUp({
    loader: { name: 'slow', load: () => loaded },
  })
  keys.add(grant(RIGHT), 'publisher')
  await host.load('x')
  await vi.waitFor(() => expect(counts.opened).toBe(1), { timeout: 30_000 })
  const closed = host.close(fault('draining'))
  finish({ close } as unknown as Engine)
  await closed
  expect(close).toHaveBeenCalledOnce()
  expect(counts.closed).toBe(1)
  expect(host.state.phase).toBe('empty')
})
