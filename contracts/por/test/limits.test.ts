import { type Schema, text } from '@dcml/contract-build/contract'
import { beforeAll, expect, test } from 'vitest'
import { EDGE_STORAGE, LINK_STORAGE } from '../src/edge.ts'
import { MAX_LINKS } from '../src/links.ts'
import { checkEndpoint, GONE_STORAGE, NODE_STORAGE } from '../src/node.ts'
import { MAX_CUT } from '../src/partition.ts'
import { MARK_STORAGE, MAX_MARKS, PROOF_STORAGE } from '../src/proof.ts'
import * as schema from '../src/schemas.ts'
import { tellNode } from '../src/views.ts'
import { measureGas, measureReport } from './gas.ts'
import { NEAR, porWasm, World } from './world.ts'

let wasm: Uint8Array
beforeAll(async () => {
  wasm = await porWasm()
})

const TERA = 10n ** 12n

test('gas: every method takes 20 Tgas at most with all it leads to, also between nodes of 60 edges', () => {
  const [few, many] = [measureGas(wasm), measureGas(wasm, MAX_LINKS - 4)]
  expect(many.size).toBe(24)
  for (const [method, { all }] of [...few, ...many]) expect(all, method).toBeLessThanOrEqual(20n * TERA)
})

test('gas: a partition proof of 32 nodes takes 50 Tgas at most, and each witness more less than one', () => {
  const [small, witnesses, both] = [
    measureReport(wasm, 1, 1),
    measureReport(wasm, 1, 31),
    measureReport(wasm, MAX_CUT, 8),
  ]
  expect(witnesses.all - small.all).toBeLessThan(30n * TERA)
  expect(both.all).toBeLessThan(50n * TERA)
})

const PER_BYTE = 10n ** 19n
/** Bytes that NEAR counts for a row, beside its key and value. */
const ROW = 40
const U128 = 2n ** 128n - 1n
const U64 = 2n ** 64n - 1n
const U32 = 2 ** 32 - 1
const NAME = 'x'.repeat(64)

const costOf = <T>(key: string, of: Schema<T>, value: T): bigint =>
  BigInt(ROW + key.length + JSON.stringify(of.format(value)).length) * PER_BYTE

test('every row is paid for at its longest', () => {
  const isolation = { since: U64, at: U64 }
  const node = { key: NAME, endpoint: 'e'.repeat(100), seat: U32, stake: U128, stakedAt: U64, version: U64 }
  const nodes =
    costOf(`node:${NAME}`, schema.node, { ...node, isolated: isolation, prior: { ...isolation, until: U64 } }) +
    costOf(`key:${NAME}`, text(64), NAME) +
    costOf(`seat:${U32}`, text(64), NAME)
  expect(nodes).toBeLessThanOrEqual(NODE_STORAGE)
  expect(costOf(`gone:${NAME}`, schema.gone, { ...isolation, proven: false })).toBeLessThanOrEqual(GONE_STORAGE)

  const ends = { u: NAME, v: NAME }
  const times = { activeFrom: U64, endedAt: U64 }
  const money = { depositU: U128, depositV: U128, paidU: U128, paidV: U128, seqU: U64, seqV: U64 }
  const params = {
    latency: U32,
    baseCost: U128,
    byteCost: U128,
    minLateRate: U128,
    maxLateRate: U128,
    sync: U32,
    maxInflight: 65_535,
    bytesPerSecond: U32,
  }
  const edge =
    costOf(`edge:${U64}`, schema.edge, { ...ends, status: 'severed' as const, ...times, ...money }) +
    costOf(`terms:${U64}`, schema.terms, { params, revision: U32, next: { params, from: U64 } })
  expect(edge).toBeLessThanOrEqual(EDGE_STORAGE)
  const link = `${U64} ${NAME} a${U64}`
  const links =
    2n * costOf(`links:${NAME}`, text(200), link) + costOf(`escrow:${U64}`, schema.escrow, { ...ends, severedAt: U64 })
  expect(links).toBeLessThanOrEqual(2n * LINK_STORAGE)

  const proof = {
    by: NAME,
    room: Number(MAX_MARKS),
    marks: Number(MAX_MARKS),
    at: U64,
    unchecked: Number(MAX_MARKS),
    hasWitness: false,
    hasCut: false,
    stakeWitness: U128,
    stakeCut: U128,
    slashes: false,
    dropped: false,
  }
  expect(costOf(`proof:${U64}`, schema.proof, proof)).toBeLessThanOrEqual(PROOF_STORAGE)
  expect(costOf(`mark:${U64}/${NAME}`, text(24), `w${U64}`)).toBeLessThanOrEqual(MARK_STORAGE)
})

test('a chain counts rows as the test above does', () => {
  const world = new World(wasm)
  const { alice, bob } = world.by
  world.register(bob)
  const before = world.por.state.storageUsage
  world.register(alice)
  const node = {
    key: alice.key.hex,
    endpoint: 'node.example:4000',
    seat: 1,
    stake: 10n * NEAR,
    isolated: null,
    prior: null,
  }
  const rest = {
    stakedAt: BigInt(world.view<{ staked_at: string }>('node', { account: alice.id }).staked_at),
    version: 2n,
  }
  const rows =
    costOf(`node:${alice.id}`, schema.node, { ...node, ...rest }) +
    costOf(`key:${alice.key.hex}`, text(64), alice.id) +
    costOf('seat:1', text(64), alice.id)
  // the state itself has the same number of digits
  expect(BigInt(world.por.state.storageUsage - before) * PER_BYTE).toBe(rows)
})

const LOG = 16_384
const line = (event: string, data: object) =>
  JSON.stringify({ standard: 'dcml_por', version: '1.0.0', event, data }, (_, v) =>
    typeof v === 'bigint' ? `${v}` : v,
  )

test('as many nodes as one call can declare cut off fit into its log, at their longest', () => {
  const isolated = { since: U64, at: U64 }
  const own = { key: NAME, endpoint: 'e'.repeat(100), seat: U32, stake: U128, stakedAt: U64, version: U64 }
  const node = tellNode(NAME, { ...own, isolated, prior: null })
  const log = `EVENT_JSON:${line('node_changed', { cause: 'reconnected', node })}`
  expect(log.length * MAX_CUT).toBeLessThanOrEqual(LOG)
  // nothing in an endpoint is spelt longer in JSON than it is
  for (const endpoint of ['"', '\\', '\n', 'é', '\u0001', ' '])
    expect(() => checkEndpoint(endpoint), endpoint).toThrow('host:port')
  for (const endpoint of ['', 'node.example:4000', '[::1]:4000', '127.0.0.1:1'])
    expect(checkEndpoint(endpoint)).toBe(endpoint)
})
