// The log of changes against a host that keeps everything it was ever given and offers what it likes, and against a
// machine that stops wherever it may.
import { utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codeOf } from '../../test/world.ts'
import { memoryAntiRollback, memoryStateStore } from '../testing.ts'
import type { StateStore, StoredState } from './anti-rollback.ts'
import { Journal } from './journal.ts'

type Point = 'write' | 'written' | 'marked'
const POINTS: readonly Point[] = ['write', 'written', 'marked']
const MIN_LOG = 4000
/** Two of these fill a log, so that the next write is an image. */
const LARGE = 'x'.repeat(2500)

const read = (written: Uint8Array): string[] => JSON.parse(new TextDecoder().decode(written)).words

/** What a state says: the words of its image and of its changes. */
const words = ({ image, changes }: StoredState): string[] => [image, ...changes].flatMap(read)

/** An enclave whose state is a list of words, its device, and its machine, which can be stopped. */
class Machine {
  readonly device = memoryAntiRollback()
  readonly store: StateStore
  /** What lay there after each write, deaths and lives before included. */
  readonly hoard: StoredState[] = []
  stopAt: Point | undefined
  /** What the last mark stands for. */
  marked: readonly string[] = []
  journal!: Journal
  #words: string[] = []
  #unwritten: string[] = []

  constructor(store: StateStore = memoryStateStore()) {
    this.store = store
  }

  async start(): Promise<void> {
    this.stopAt = undefined
    const store = {
      read: () => this.store.read(),
      replace: async (image: Uint8Array) => {
        this.#stopIf('write')
        await this.store.replace(image)
        this.hoard.push({ image, changes: [] })
        this.#stopIf('written')
      },
      append: async (change: Uint8Array) => {
        this.#stopIf('write')
        await this.store.append(change)
        const { image, changes } = this.hoard.at(-1)!
        this.hoard.push({ image, changes: [...changes, change] })
        this.#stopIf('written')
      },
    }
    const antiRollback = {
      read: this.device.read,
      advance: async (next: Parameters<typeof this.device.advance>[0]) => {
        await this.device.advance(next)
        this.marked = [...this.#words]
        this.#stopIf('marked')
      },
    }
    const { journal, last } = await Journal.open({ store, antiRollback, minLog: MIN_LOG }, this)
    this.journal = journal
    this.#words = last === null ? [] : words(last)
    this.#unwritten = []
  }

  get words(): readonly string[] {
    return this.#words
  }

  async add(word: string): Promise<void> {
    this.#words.push(word)
    this.#unwritten.push(word)
    await this.journal.commit()
  }

  image(counter: bigint): Uint8Array {
    this.#unwritten = []
    return utf8(JSON.stringify({ counter: `${counter}`, words: this.#words }))
  }

  change(counter: bigint): Uint8Array {
    const written = this.#unwritten
    this.#unwritten = []
    return utf8(JSON.stringify({ counter: `${counter}`, words: written }))
  }

  #stopIf(point: Point): void {
    if (this.stopAt === point) throw new Error('stopped')
  }
}

/** A word that is kept, or a stop while it is being kept. */
const step = fc.record({ large: fc.boolean(), stopAt: fc.option(fc.constantFrom(...POINTS), { nil: undefined }) })
const plan = fc.array(step, { minLength: 1, maxLength: 12 })

async function live(machine: Machine, steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]) {
  await machine.start()
  for (const [index, { large, stopAt }] of steps.entries()) {
    machine.stopAt = stopAt
    const code = await codeOf(() => machine.add(large ? `${index}${LARGE}` : `${index}`))
    expect(code).toBe(stopAt === undefined ? 'none' : 'channel_state_unsure')
    if (stopAt !== undefined) await machine.start()
  }
}

test('stopped at any points, as often as it likes, an enclave goes on from what was marked', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async (steps) => {
      const machine = new Machine()
      await live(machine, steps)
      expect(machine.words).toEqual(machine.marked)
      await machine.start()
      expect(machine.words).toEqual(machine.marked)
    }),
    { numRuns: 60 },
  )
})

test('stopped twice between writing and marking, nothing is lost', async () => {
  const machine = new Machine()
  await machine.start()
  await machine.add('kept')
  for (let i = 0; i < 3; i++) {
    machine.stopAt = 'written'
    expect(await codeOf(() => machine.add('lost'))).toBe('channel_state_unsure')
    await machine.start()
    expect(machine.words).toEqual(['kept'])
  }
})

/** What a host may make of a log: less of it, parts of others, altered bytes, a torn end. */
const alter = fc.oneof(
  fc.nat({ max: 12 }).map((count) => (changes: readonly Uint8Array[]) => changes.slice(0, count)),
  fc.nat({ max: 12 }).map((at) => (changes: readonly Uint8Array[]) => changes.filter((_, i) => i !== at)),
  fc.constant((changes: readonly Uint8Array[]) => changes.toReversed()),
  fc.constant((changes: readonly Uint8Array[]) => changes.flatMap((change) => [change, change])),
  fc
    .nat({ max: 60 })
    .map(
      (length) => (changes: readonly Uint8Array[]) =>
        changes.map((change, i) => (i === changes.length - 1 ? change.slice(0, length) : change)),
    ),
  fc.tuple(fc.nat({ max: 12 }), fc.nat({ max: 30 })).map(
    ([at, byte]) =>
      (changes: readonly Uint8Array[]) =>
        changes.map((change, i) =>
          i === at ? change.with(byte % change.length, change[byte % change.length]! ^ 1) : change,
        ),
  ),
)

test('whatever a host offers, an enclave finds the last state or none, and never another', async () => {
  await fc.assert(
    fc.asyncProperty(plan, fc.array(fc.tuple(fc.nat(), fc.nat(), alter), { maxLength: 4 }), async (steps, picks) => {
      const machine = new Machine()
      await live(machine, [{ large: false, stopAt: undefined }, ...steps])
      const { hoard, device, marked } = machine
      const offered = picks.map(([one, other, change]): StoredState => {
        const [{ image }, { changes }] = [hoard[one % hoard.length]!, hoard[other % hoard.length]!]
        return { image, changes: change(changes) }
      })
      const store: StateStore = { read: async () => offered, replace: async () => {}, append: async () => {} }
      const heard: string[][] = []
      const code = await codeOf(async () => {
        const { last } = await Journal.open({ store, antiRollback: device }, machine)
        heard.push(words(last!))
      })
      expect(heard).toEqual(code === 'none' ? [marked] : [])
      expect(['none', 'channel_state_missing', 'channel_state_rolled_back']).toContain(code)
      // and the whole hoard, unmarked and stale states among it, is enough
      offered.splice(0, offered.length, ...hoard.toReversed())
      expect(words((await Journal.open({ store, antiRollback: device }, machine)).last!)).toEqual(marked)
    }),
    { numRuns: 100 },
  )
})

test('a state one step back, or one step ahead and never marked, is not the last one', async () => {
  const machine = new Machine()
  await machine.start()
  for (const word of ['a', 'b', 'c']) await machine.add(word)
  const store = (state: StoredState): StateStore => ({ ...memoryStateStore(), read: async () => [state] })
  const open = (state: StoredState) => Journal.open({ store: store(state), antiRollback: machine.device }, machine)
  const [older, newest] = machine.hoard.slice(-2)
  expect(await codeOf(() => open(older!))).toBe('channel_state_rolled_back')
  machine.stopAt = 'written'
  await codeOf(() => machine.add('never answered'))
  const ahead = machine.hoard.at(-1)!
  expect(words((await open(ahead)).last!)).toEqual(['a', 'b', 'c'])
  expect(words((await open(newest!)).last!)).toEqual(['a', 'b', 'c'])
})

test('an image is not taken for a change, nor a change for an image', async () => {
  const machine = new Machine()
  await machine.start()
  await machine.add('a')
  const { image } = machine.hoard[0]!
  await machine.add('b')
  const [change] = machine.hoard[1]!.changes
  const store = (state: StoredState): StateStore => ({ ...memoryStateStore(), read: async () => [state] })
  for (const state of [
    { image: change!, changes: [] },
    { image: change!, changes: [image] },
    { image, changes: [image, change!] },
  ])
    expect(await codeOf(() => Journal.open({ store: store(state), antiRollback: machine.device }, machine))).toBe(
      'channel_state_rolled_back',
    )
})
