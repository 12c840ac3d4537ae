import pino from 'pino'
import { expect, test } from 'vitest'
import type { Effect, Input, Kept, Machine } from '../core/types.ts'
import { Driver, type Store } from './driver.ts'

const record: Kept = { kind: 'forgotten', requestHash: new Uint8Array(32), from: null }
const keep: Effect = { kind: 'keep', record }
const drop = (code: string): Effect => ({ kind: 'drop', edgeId: 1n, code })

/** A machine that answers each cut of an edge with what was prepared for that number. */
function setUp(prepared: Readonly<Record<string, readonly Effect[]>>, isLong = false) {
  const done: string[] = []
  const written: (readonly Kept[])[] = []
  let release = Promise.withResolvers<void>()
  const machine: Machine = {
    handle(input: Input) {
      if (input.kind !== 'cut') return []
      const effects = prepared[`${input.edgeId}`]
      if (effects === undefined) throw new Error('Not like this.')
      return effects
    },
    nextWake: null,
    snapshot: () => [record, record, record],
    edge: () => null,
    inflight: 0,
  }
  const write = async (records: readonly Kept[]) => {
    written.push(records)
    await release.promise
  }
  const store: Store = { isLong, append: write, replace: write }
  const driver = new Driver({
    machine,
    store,
    clock: () => 0,
    log: pino({ level: 'silent' }),
    carryOut: (effect) => done.push(effect.kind === 'drop' ? effect.code : effect.kind),
    offended: () => {},
    synced: () => {},
    failed: (error) => done.push(`failed: ${(error as Error).message}`),
  })
  const cut = (edgeId: bigint) => driver.handle({ kind: 'cut', edgeId })
  const turn = async () => {
    for (let i = 0; i < 3; i++) await new Promise(setImmediate)
  }
  return {
    driver,
    done,
    written,
    cut,
    turn,
    sync: () => release.resolve(),
    fail: (message: string) => release.reject(new Error(message)),
    hold() {
      release = Promise.withResolvers<void>()
    },
  }
}

test('nothing that follows a record leaves before it is durable, and all in order', async () => {
  const { cut, turn, done, sync } = setUp({ 1: [drop('a'), keep, drop('b')], 2: [drop('c')] })
  cut(1n)
  await turn()
  cut(2n)
  await turn()
  expect(done).toEqual([])
  sync()
  await turn()
  expect(done).toEqual(['a', 'b', 'c'])
})

test('what one turn of the event loop kept becomes durable together', async () => {
  const { cut, turn, done, written, sync } = setUp({ 1: [keep, drop('a')], 2: [keep, keep, drop('b')], 3: [drop('c')] })
  sync()
  cut(1n)
  cut(2n)
  await turn()
  cut(3n)
  await turn()
  expect(written.map((records) => records.length)).toEqual([3])
  expect(done).toEqual(['a', 'b', 'c'])
})

test('a long journal is replaced by a snapshot, which holds these records too', async () => {
  const { cut, turn, written, sync } = setUp({ 1: [keep] }, true)
  sync()
  cut(1n)
  await turn()
  expect(written).toEqual([[record, record, record]])
})

test('where the store fails, nothing more leaves', async () => {
  const { cut, turn, done, fail } = setUp({ 1: [keep, drop('a')], 2: [drop('b')] })
  cut(1n)
  await turn()
  fail('disk full')
  await turn()
  cut(2n)
  await turn()
  expect(done).toEqual(['failed: disk full'])
})

test('an input that the machine cannot take harms nothing else', async () => {
  const { cut, turn, done } = setUp({ 1: [drop('a')] })
  cut(9n)
  cut(1n)
  await turn()
  expect(done).toEqual(['a'])
})

test('stop waits until what was promised is carried out', async () => {
  const { driver, cut, turn, done, sync } = setUp({ 1: [keep, drop('a')] })
  cut(1n)
  await turn()
  const stopped = driver.stop()
  sync()
  await stopped
  expect(done).toEqual(['a'])
})
