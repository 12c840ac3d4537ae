import { DcmlError } from '@dcml/protocol'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { base58 } from '@scure/base'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { GENESIS_TIME, MadeUpChain, producer, producerView, sign } from '../../test/made-up-chain.ts'
import {
  advance,
  BLOCK_CHECKS,
  type BlockCheckName,
  blockTime,
  checkFresh,
  formatTrustRoot,
  type LightClientState,
  parseLightClientBlock,
  parseProducers,
  parseTrustRoot,
  trustBlock,
} from '../index.ts'

const chain = new MadeUpChain().produceTo(32)
type View = ReturnType<MadeUpChain['lightClientBlock']>

async function refusalOf(state: LightClientState, view: View): Promise<string> {
  const before = formatTrustRoot(state)
  const verdict = await advance(state, parseLightClientBlock(view))
  expect(formatTrustRoot(state)).toBe(before)
  expect(verdict.checks.map(({ name }) => name)).toEqual(Object.keys(BLOCK_CHECKS))
  if (verdict.ok) return 'accepted'
  const failed = verdict.checks.filter(({ status }) => status === 'fail')
  expect(failed).toHaveLength(1)
  expect(verdict.error.code).toBe(`block_${failed[0]!.name}`)
  return failed[0]!.name
}

test('walks a chain block by block, epoch by epoch, or skipping within the next epoch', async () => {
  for (const stride of [1, 2, 4, 5]) {
    let state = chain.trust(0)
    for (let height = stride; height <= 30; height += stride) {
      const verdict = await advance(state, parseLightClientBlock(chain.lightClientBlock(height)))
      if (!verdict.ok) throw verdict.error
      expect(verdict.checks.every(({ status }) => status === 'pass')).toBe(true)
      state = verdict.state
      expect(state.headHash).toBe(chain.hashes[height])
      expect(state.producers).toEqual(chain.producersOf(height))
    }
  }
})

test('next_bps may be absent within an epoch, not at its start', async () => {
  const state = chain.trust(11)
  expect(await refusalOf(state, chain.lightClientBlock(13, { withBps: false }))).toBe('accepted')
  expect(await refusalOf(state, chain.lightClientBlock(15, { withBps: false }))).toBe('next_producers')
})

test.each<[string, BlockCheckName, number, number]>([
  ['the head itself', 'height', 12, 12],
  ['a block below the head', 'height', 12, 11],
  ['a block two epochs on', 'epoch', 4, 10],
  ['a block an epoch back, if only its height were believed', 'height', 12, 3],
])('%s is refused by %s', async (_, name, from, to) => {
  expect(await refusalOf(chain.trust(from), chain.lightClientBlock(to))).toBe(name)
})

test('without the producers of its own epoch a state goes on in the next epoch alone', async () => {
  const view = chain.lightClientBlock(11)
  const state = trustBlock(parseLightClientBlock(view), { hash: chain.hashes[11]! })
  expect(await refusalOf(state, chain.lightClientBlock(13))).toBe('producers')
  expect(await refusalOf(state, chain.lightClientBlock(16))).toBe('accepted')
})

test('a state whose producers are not those its head names goes nowhere', async () => {
  const state = { ...chain.trust(11), nextProducers: [producer('mallory.near')] }
  expect(await refusalOf(state, chain.lightClientBlock(16))).toBe('producers')
})

test('more than two thirds of the stake must approve, exactly two thirds are too little', async () => {
  const three = () => ['a.near', 'b.near', 'c.near'].map((account) => producer(account))
  const votes = (stakes: bigint[], absent: string[]) => {
    const producers = () => three().map((one, i) => ({ ...one, stake: stakes[i]! }))
    const all = new MadeUpChain({ producers, absent: (_, account) => absent.includes(account) }).produceTo(8)
    return refusalOf(all.trust(1), all.lightClientBlock(6))
  }
  expect(await votes([1n, 1n, 1n], ['c.near'])).toBe('stake')
  expect(await votes([2n ** 121n, 2n ** 120n, 0n], ['b.near'])).toBe('stake')
  expect(await votes([2n ** 121n + 1n, 2n ** 120n, 0n], ['b.near'])).toBe('accepted')
  expect(await votes([1n, 1n, 0n], ['c.near'])).toBe('accepted')
  expect(await votes([67n, 33n, 0n], ['b.near'])).toBe('accepted')
  expect(await votes([66n, 33n, 0n], ['b.near'])).toBe('stake')
  expect(await votes([0n, 0n, 0n], [])).toBe('stake')
})

test('whoever can forge one signature less than needed can forge nothing', async () => {
  const state = chain.trust(11)
  const view = chain.lightClientBlock(16)
  const forged = { ...view, inner_lite: { ...view.inner_lite, outcome_root: chain.hashes[3]! } }
  expect(await refusalOf(state, forged)).toBe('approvals')
  const [first, ...rest] = view.approvals_after_next
  expect(await refusalOf(state, { ...view, approvals_after_next: [first!, first!, ...rest.slice(1)] })).toBe(
    'approvals',
  )
  expect(await refusalOf(state, { ...view, approvals_after_next: [null, null, ...rest.slice(1)] })).toBe('stake')
  expect(await refusalOf(state, { ...view, approvals_after_next: [] })).toBe('stake')
  const replaced = chain.lightClientBlock(17)
  expect(await refusalOf(state, { ...view, approvals_after_next: replaced.approvals_after_next })).toBe('approvals')
  const ownProducers = { ...view, next_bps: [producer('mallory.near')].map(producerView) }
  expect(await refusalOf(state, ownProducers)).toBe('next_producers')
})

test('a fork by producers who lack two thirds is refused, though all of its hashes agree', async () => {
  const fork = new MadeUpChain({
    producers: (epoch) => [0, 1, 2, epoch + 3].map((i) => producer(`pool${i}.near`)),
    absent: (_, account) => !['pool0.near', 'pool1.near'].includes(account),
  })
  fork.produce([{ id: chain.hashes[0]!, outcome: failure }])
  fork.produceTo(20)
  expect(fork.hashes[6]).not.toBe(chain.hashes[6])
  expect(await refusalOf(chain.trust(1), fork.lightClientBlock(6))).toBe('stake')
})
const failure = {
  executorId: 'a.near',
  logs: [],
  receiptIds: [],
  gasBurnt: 1n,
  tokensBurnt: 1n,
  status: { type: 'Failure' as const, error: {} },
}

test('approvals after the last producer belong to the next epoch and are not looked at', async () => {
  const view = chain.lightClientBlock(14)
  const noise = sign('mallory.near', new Uint8Array(3))
  const more = { ...view, approvals_after_next: [...view.approvals_after_next, noise, null] }
  expect(await refusalOf(chain.trust(11), more)).toBe('accepted')
})

test('a producer with a secp256k1 key cannot approve, as on NEAR', async () => {
  const secret = sha256(new Uint8Array([7]))
  const publicKey = `secp256k1:${base58.encode(secp256k1.getPublicKey(secret, false).subarray(1))}`
  const producers = () => [{ ...producer('ecdsa.near'), publicKey }, producer('a.near', 9n)]
  const ecdsa = new MadeUpChain({ producers, absent: (_, account) => account === 'ecdsa.near' }).produceTo(8)
  const state = ecdsa.trust(1)
  const view = ecdsa.lightClientBlock(6)
  expect(await refusalOf(state, view)).toBe('accepted')
  const message = sha256(new Uint8Array(32))
  const approval = `secp256k1:${base58.encode(secp256k1.sign(message, secret, { prehash: false, format: 'recovered' }))}`
  expect(await refusalOf(state, { ...view, approvals_after_next: [approval, view.approvals_after_next[1]!] })).toBe(
    'approvals',
  )
  expect(
    await refusalOf(state, {
      ...view,
      approvals_after_next: [sign('ecdsa.near', message), view.approvals_after_next[1]!],
    }),
  ).toBe('approvals')
})

test('without Ed25519 in the platform the same is accepted and refused', async () => {
  const view = chain.lightClientBlock(16)
  const [first, ...rest] = view.approvals_after_next
  const twice = { ...view, approvals_after_next: [first!, first!, ...rest.slice(1)] }
  const state = chain.trust(11)
  vi.stubGlobal('crypto', undefined)
  try {
    expect(await refusalOf(state, view)).toBe('accepted')
    expect(await refusalOf(state, twice)).toBe('approvals')
  } finally {
    vi.unstubAllGlobals()
  }
})

test('a head is fresh until its age is reached, and not when it lies ahead of the clock', () => {
  const state = chain.trust(10)
  const time = blockTime(state.head.innerLite)
  expect(time).toBe(GENESIS_TIME + 10_000)
  const at = (offset: number) => checkFresh(state, new Date(time + offset), 60_000)
  expect(at(0)).toMatchObject({ name: 'head_fresh', status: 'pass' })
  expect(at(60_000).status).toBe('pass')
  expect(at(60_001)).toMatchObject({ status: 'fail', untimely: true })
  expect(at(-120_000).status).toBe('pass')
  expect(at(-120_001)).toMatchObject({ status: 'fail', untimely: true })
  expect(checkFresh(state, new Date(Number.NaN), 60_000).status).toBe('fail')
  expect(checkFresh(state, new Date(time), Number.NaN).status).toBe('fail')
})

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return DcmlError.isInstance(error) ? error.code : `not a DcmlError: ${error}`
  }
  return 'accepted'
}

test('a trust root survives as text, and is refused when its parts do not belong together', () => {
  const state = chain.trust(11)
  const text = formatTrustRoot(state)
  expect(parseTrustRoot(text)).toEqual(state)
  expect(formatTrustRoot(parseTrustRoot(new TextEncoder().encode(text)))).toBe(text)
  const unvouched = { ...state, producers: null }
  expect(parseTrustRoot(formatTrustRoot(unvouched))).toEqual(unvouched)

  const changed = (change: (root: ReturnType<typeof JSON.parse>) => void) => {
    const root = JSON.parse(text)
    change(root)
    return codeOf(() => parseTrustRoot(JSON.stringify(root)))
  }
  expect(changed((root) => (root.head.innerLite.height += 1))).toBe('trust_root_hash')
  expect(changed((root) => (root.headHash = chain.hashes[3]))).toBe('trust_root_hash')
  expect(changed((root) => root.nextProducers.pop())).toBe('trust_root_producers')
  expect(changed((root) => (root.nextProducers[0].stake += '0'))).toBe('trust_root_producers')
  expect(changed((root) => (root.version = 2))).toBe('trust_root_invalid')
  expect(changed((root) => (root.more = 1))).toBe('trust_root_invalid')
  expect(changed((root) => (root.head.innerLite.timestamp = '1767225611000000145'))).toBe('trust_root_hash')
  expect(codeOf(() => parseTrustRoot('{'))).toBe('json_invalid')
  expect(codeOf(() => parseTrustRoot('null'))).toBe('trust_root_invalid')
})

test('a block is trusted under its own hash, with its own producers', () => {
  const view = chain.lightClientBlock(11)
  const trust = (change: object, hash = chain.hashes[11]!) =>
    codeOf(() => trustBlock(parseLightClientBlock({ ...view, ...change }), { hash }))
  expect(trust({})).toBe('accepted')
  expect(trust({}, chain.hashes[12])).toBe('trust_root_hash')
  expect(trust({ prev_block_hash: chain.hashes[3] })).toBe('trust_root_hash')
  expect(trust({ next_bps: null })).toBe('trust_root_producers')
  expect(trust({ next_bps: [producerView(producer('mallory.near'))] })).toBe('trust_root_producers')
})

test('producers are read as RPC lists them, versioned or older', () => {
  const view = producerView(producer('a.near'))
  expect(parseProducers([view])).toEqual([producer('a.near')])
  const { validator_stake_struct_version: _, ...old } = view
  expect(parseProducers([old])).toEqual([{ ...producer('a.near'), legacy: true }])
  expect(codeOf(() => parseProducers([{ ...view, validator_stake_struct_version: 'V2' }]))).toBe(
    'near_producers_invalid',
  )
  expect(codeOf(() => parseProducers([{ ...view, stake: 1e24 }]))).toBe('near_producers_invalid')
})

test('any JSON instead of a block is an error that names the block', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      expect(codeOf(() => parseLightClientBlock(json))).toBe('near_block_invalid')
    }),
    { numRuns: 300 },
  )
})

test('more producers than NEAR can have are refused before any of them is read', () => {
  const trap = {
    get public_key(): never {
      throw new Error('read')
    },
  }
  expect(() => parseProducers(Array.from({ length: 1001 }, () => trap))).toThrow(
    expect.objectContaining({ code: 'near_producers_invalid' }),
  )
})
