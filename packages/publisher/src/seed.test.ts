import { development, keyRelease, parsePolicy } from '@dcml/attestation'
import { NO_CHAIN, toBase64url, toHex } from '@dcml/protocol'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type FakeEnclave, startFakeEnclave } from '../test/fake-enclave.ts'
import { type SeedOptions, seedEnclave } from './index.ts'

const sk = new Uint8Array(32).fill(9)
const modelH = new Uint8Array(32).fill(7)
let fake: FakeEnclave

beforeAll(async () => {
  fake = await startFakeEnclave()
})
afterEach(() => {
  fake.reply = undefined
  fake.grants.length = 0
  fake.requests.length = 0
})
afterAll(() => fake.close())

const seed = (options: Partial<SeedOptions> = {}, enclave = fake) =>
  seedEnclave({
    endpoint: enclave.endpoint,
    policy: development({ imageH: [enclave.imageH] }),
    roots: enclave.roots,
    modelH,
    sk,
    ...options,
  })

/** Everything an error shows to logs, causes included. */
const shown = (error: unknown): string => JSON.stringify(error) + String((error as Error).stack)

test('a verified enclave gets the key, over a quote of this connection', async () => {
  const seeded = await seed({ keyEpoch: 2, ownerContract: 'model.near' })
  expect(seeded).toMatchObject({ phase: 'idle', environment: 'development', label: 'DEVELOPMENT' })
  expect(toHex(seeded.claims.imageH)).toBe(fake.imageH)
  expect(seeded.claims.exporter).toHaveLength(32)
  expect(fake.requests[0]).toContain('binding=session-quoted')
  const [grant] = fake.grants
  expect(grant).toMatchObject({ keyEpoch: 2, ownerContract: 'model.near', provenance: null })
  expect(grant?.domain).toMatchObject(NO_CHAIN)
  expect(grant?.sk).toEqual(sk)
  expect(grant?.domain.subject).toEqual(modelH)
})

test('a looser binding in the policy is not taken', async () => {
  await seed({ policy: development({ imageH: [fake.imageH], binding: 'key' }) })
  expect(fake.requests[0]).toContain('binding=session-quoted')
})

test('a policy that names the model does not ask for it before it has its key', async () => {
  await seed({ policy: development({ imageH: [fake.imageH], modelH: [toHex(modelH)] }) })
  expect(fake.grants).toHaveLength(1)
})

test.each([
  ['another image', { policy: development({ imageH: ['ab'.repeat(32)] }) }, 'mr_config_id|image_h'],
  [
    'development evidence in production',
    { policy: keyRelease({ imageH: ['ab'.repeat(32)], images: [] }) },
    '^environment$',
  ],
  ['roots that are not given', { roots: [new Uint8Array(32)] }, ''],
])('%s gets nothing but the evidence request', async (_, options, failed) => {
  const error = await seed(options).catch((cause: unknown) => cause)
  expect(error).toMatchObject({ code: 'attestation_refused' })
  expect((error as { details: { failed?: string } }).details.failed ?? '').toMatch(new RegExp(failed))
  expect(fake.requests.filter((path) => !path.startsWith('/dcml/v1/evidence'))).toEqual([])
  expect(shown(error)).not.toContain(toBase64url(sk))
})

test('a production policy for any image is refused before connecting', async () => {
  const imageH = ['ab'.repeat(32)]
  const image = { mrtd: 'cd'.repeat(48), rtmr1: 'cd'.repeat(48), rtmr2: 'any', label: 'half' }
  for (const wide of [
    { imageH: 'any' as const, images: [] },
    { imageH, images: 'any' as const },
    { imageH, images: [image] },
  ])
    await expect(seed({ policy: parsePolicy(wide) })).rejects.toMatchObject({ code: 'key_policy_too_wide' })
  expect(fake.requests).toEqual([])
})

test('a weakened TD gets no key, though the policy tolerates it', async () => {
  const weak = await startFakeEnclave({ tdAttributes: Uint8Array.of(0, 0, 0, 0x10, 0, 0, 0, 0x80) })
  try {
    const policy = development({ imageH: [weak.imageH], td: { perfmon: true } })
    await expect(seed({ policy }, weak)).rejects.toMatchObject({
      code: 'attestation_refused',
      details: { failed: 'td_perfmon' },
    })
    expect(weak.grants).toEqual([])
  } finally {
    await weak.close()
  }
})

test('a manifest that does not name the model, or names another chain, gets no key', async () => {
  const other = await startFakeEnclave({
    models: ['cd'.repeat(32)],
    network: { networkId: 'testnet', contract: 'model.testnet' },
  })
  try {
    await expect(seed({}, other)).rejects.toMatchObject({ code: 'seed_model_not_allowed' })
    const named = { modelH: new Uint8Array(32).fill(0xcd) }
    await expect(seed(named, other)).rejects.toMatchObject({ code: 'seed_wrong_chain' })
    expect(other.grants).toEqual([])
    await seed({ ...named, chain: { networkId: 'testnet', contract: 'model.testnet' } }, other)
    expect(other.grants).toHaveLength(1)
  } finally {
    await other.close()
  }
})

test.each([
  ['a refusal', { status: 403, body: '{"error":{"code":"grant_sk_wrong","message":"no"}}' }, 'grant_sk_wrong'],
  ['an answer that is no JSON', { status: 200, body: '<html>' }, 'status_200'],
  ['a code that is no code', { status: 500, body: '{"error":{"code":"<b>x"}}' }, 'status_500'],
])('%s becomes one error', async (_, reply, reason) => {
  fake.reply = reply
  const error = await seed().catch((cause: unknown) => cause)
  expect(error).toMatchObject({ code: 'seed_refused', details: { reason } })
  expect(shown(error)).not.toContain(toBase64url(sk))
})

test('a cut connection, a silent enclave and an endless answer each have their code', async () => {
  fake.reply = 'cut'
  await expect(seed()).rejects.toMatchObject({ code: 'connection_lost', retryable: true })
  fake.reply = { status: 200, body: ' '.repeat(100_000) }
  await expect(seed()).rejects.toMatchObject({ code: 'connection_lost' })
  fake.reply = 'silence'
  await expect(seed({ timeoutMs: 3000 })).rejects.toMatchObject({ code: 'seed_timeout', retryable: true })
})

test('an abort passes', async () => {
  fake.reply = 'silence'
  const controller = new AbortController()
  const seeding = seed({ signal: controller.signal })
  const asked = setInterval(() => {
    if (fake.requests.length > 1) controller.abort(new Error('enough'))
  }, 5)
  await expect(seeding).rejects.toThrow('enough')
  clearInterval(asked)
})
