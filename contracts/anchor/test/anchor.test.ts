import { readFileSync } from 'node:fs'
import { buildContract } from '@dcml/contract-build'
import { toHex } from '@dcml/protocol'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { STORAGE } from '../src/marks.ts'
import { AnchorWorld, anchorWasm, deviceKey, digestOf } from './world.ts'

let wasm: Uint8Array
let world: AnchorWorld
const enclave = deviceKey('enclave')
const first = { isFirst: true }
beforeAll(async () => {
  wasm = await anchorWasm()
})
beforeEach(() => {
  world = new AnchorWorld(wasm)
})

const events = (logs: readonly string[]) =>
  logs.map((line) => {
    const { standard, version, event, data } = JSON.parse(line.replace(/^EVENT_JSON:/, ''))
    expect([standard, version]).toEqual(['dcml_anchor', '1.0.0'])
    return [event, data]
  })

test('an enclave starts, steps, starts again and hears its last state', async () => {
  const device_key = toHex(enclave.publicKey)
  const nonce = toHex(digestOf(9))
  const term = world.now
  const { logs } = world.call('claim', await world.claimArgs(enclave, term), first)
  const none = { device_key, nonce, term: `${term}`, counter: '0', digest: toHex(digestOf(0)) }
  expect(events(logs)).toEqual([['mark_claimed', none]])
  const step = world.call('advance', await world.stepArgs(enclave, term, 1n, 7))
  const one = { ...none, counter: '1', digest: toHex(digestOf(7)) }
  expect(events(step.logs)).toEqual([['mark_advanced', one]])
  const again = world.call('claim', await world.claimArgs(enclave, term + 1n))
  expect(events(again.logs)).toEqual([['mark_claimed', { ...one, term: `${term + 1n}` }]])
  expect(world.mark(enclave)).toEqual({ term: `${term + 1n}`, counter: '1', digest: one.digest })
  expect(world.mark(deviceKey('nobody'))).toBe(null)
})

test('what an earlier start signed and nobody sent is void, as is everything that was sent before', async () => {
  const term = world.now
  const claim = await world.claimArgs(enclave, term)
  world.call('claim', claim, first)
  const withheld = await world.stepArgs(enclave, term, 1n, 7)
  world.call('claim', await world.claimArgs(enclave, term + 1n))
  expect(world.refused('advance', withheld)).toContain(`the mark was claimed in term ${term + 1n}`)
  expect(world.refused('claim', claim)).toContain('is not later than')
  const step = await world.stepArgs(enclave, term + 1n, 1n, 8)
  world.call('advance', step)
  expect(world.refused('advance', step)).toContain('the counter is 1')
  expect(world.mark(enclave)).toMatchObject({ counter: '1', digest: toHex(digestOf(8)) })
})

test('of two copies of one start, one gets through each counter', async () => {
  const term = world.now
  world.call('claim', await world.claimArgs(enclave, term), first)
  const copies = await Promise.all([7, 8].map((state) => world.stepArgs(enclave, term, 1n, state)))
  world.call('advance', copies[1]!)
  expect(world.refused('advance', copies[0]!)).toContain('the counter is 1')
})

test('statements count for one device, contract and network alone', async () => {
  const term = world.now
  world.call('claim', await world.claimArgs(enclave, term), first)
  const forged = 'the signature is not the device key’s'
  const other = deviceKey('other')
  for (const chain of [
    { ...world.chain, contract: 'other.test.near' },
    { ...world.chain, networkId: 'mainnet' },
  ]) {
    expect(world.refused('claim', await world.claimArgs(enclave, term + 1n, chain))).toContain(forged)
    expect(world.refused('advance', await world.stepArgs(enclave, term, 1n, 7, chain))).toContain(forged)
  }
  const stolen = { ...(await world.stepArgs(other, term, 1n, 7)), device_key: toHex(enclave.publicKey) }
  expect(world.refused('advance', stolen)).toContain(forged)
  const altered = { ...(await world.stepArgs(enclave, term, 1n, 7)), digest: toHex(digestOf(8)) }
  expect(world.refused('advance', altered)).toContain(forged)
  expect(world.refused('advance', await world.stepArgs(other, term, 1n, 7))).toContain('nobody has claimed this mark')
})

test('the row is paid for once, and its price covers its storage', async () => {
  const term = world.now
  const bytes = () => world.anchor.state.storageUsage
  expect(world.refused('claim', await world.claimArgs(enclave, term))).toContain(`attach exactly ${STORAGE}`)
  const before = bytes()
  world.call('claim', await world.claimArgs(enclave, term), first)
  // the counter may grow to 20 digits
  expect((bytes() - before + 20n) * 10n ** 19n).toBeLessThanOrEqual(STORAGE)
  expect(world.refused('claim', await world.claimArgs(enclave, term + 1n), first)).toContain('attach exactly 0')
})

test('gas: a claim and a step take 4 Tgas at most with all they lead to', async () => {
  const term = world.now
  const claim = world.call('claim', await world.claimArgs(enclave, term), first)
  const step = world.call('advance', await world.stepArgs(enclave, term, 1n, 7))
  for (const { gasBurnt } of [claim, step]) expect(gasBurnt).toBeLessThanOrEqual(4n * 10n ** 12n)
})

test('anchor.abi.json is the ABI', async () => {
  const { abi } = await buildContract({ entry: new URL('../src/anchor.ts', import.meta.url).pathname })
  const committed = JSON.parse(readFileSync(new URL('../anchor.abi.json', import.meta.url), 'utf8'))
  expect(committed.body).toEqual(JSON.parse(JSON.stringify(abi.body)))
})
