import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DcmlError, utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { compareSources } from './compare.ts'
import { disagree, unavailable } from './fault.ts'
import { keepFresh } from './keep.ts'
import type { Kind, Source } from './source.ts'
import { ContentStore } from './store.ts'

const HOUR = 3_600_000

/** A statement with everything that matters to who keeps it. */
interface Note {
  readonly text: string
  readonly number: number
  readonly from: number
  readonly until: number
}

const notes: Kind<string, Note> = {
  name: (question) => `note ${question}`,
  window: ({ from, until }) => ({ from, until }),
  check({ text }) {
    if (text === 'forged') throw unavailable('it is forged')
  },
  newer(one, other) {
    if (one.number === other.number && one.text !== other.text) throw disagree('text', 'they differ')
    return one.number >= other.number ? one : other
  },
  encode: (note) => utf8(JSON.stringify(note)),
  decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Note,
}

let now = 0
const clock = () => now
const lines: { fields: object; message: string }[] = []
const log = { warn: (fields: object, message: string) => void lines.push({ fields, message }) }
const day = (number: number, text = `n${number}`): Note => ({ number, text, from: now, until: now + 24 * HOUR })

/** A source that says what `answer` says, or is down. */
function sourceOf(answer: () => Note | undefined, name = 'service') {
  let asked = 0
  const source: Source<string, Note> = {
    name,
    kind: notes,
    async ask() {
      asked++
      const note = answer()
      if (note === undefined) throw unavailable(`${name} is down`)
      return note
    },
  }
  return { source, asked: () => asked }
}

/** Lets what was begun in the background come to its end. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 20))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-keep-'))
})
afterAll(() => rm(folder, { recursive: true }))
beforeEach(() => {
  now = 1000 * HOUR
  lines.length = 0
})

describe('keepFresh', () => {
  test('asks once, then ahead of the end and without anybody waiting', async () => {
    let number = 1
    const { source, asked } = sourceOf(() => day(number))
    const kept = keepFresh(source, { log, clock })
    const [first] = await Promise.all([kept.ask('a'), kept.ask('a'), kept.ask('a')])
    expect([first!.number, asked()]).toEqual([1, 1])
    await kept.ask('b')
    expect(asked()).toBe(2)
    number = 2
    now += 6 * HOUR
    expect((await kept.ask('a')).number).toBe(1)
    await settled()
    expect((await kept.ask('a')).number).toBe(2)
    expect(asked()).toBe(3)
  })

  test('never waits for longer than half of the life that is left', async () => {
    const { source, asked } = sourceOf(() => ({ ...day(1), until: now + 2 * HOUR }))
    const kept = keepFresh(source, { log, clock })
    await kept.ask('a')
    now += HOUR
    await kept.ask('a')
    await settled()
    expect(asked()).toBe(2)
  })

  test('staples what it has while the source is down, says so, and stops when it has ended', async () => {
    let down = false
    const { source, asked } = sourceOf(() => (down ? undefined : day(1)))
    const kept = keepFresh(source, { log, clock })
    await kept.ask('a')
    down = true
    now += 7 * HOUR
    for (let i = 0; i < 5; i++) {
      expect((await kept.ask('a')).number).toBe(1)
      await settled()
    }
    expect(asked()).toBe(2)
    expect(lines).toMatchObject([
      {
        message: 'collateral was not refreshed',
        fields: { what: 'note a', error: { code: 'tee_collateral_unavailable' } },
      },
    ])
    now += 18 * HOUR
    await expect(kept.ask('a')).rejects.toMatchObject({ code: 'tee_collateral_unavailable' })
    down = false
    expect((await kept.ask('a')).number).toBe(1)
  })

  test('what the source itself says has ended, or has not begun, is not handed out', async () => {
    for (const window of [
      { from: 0, until: 999 * HOUR },
      { from: 1001 * HOUR, until: 1002 * HOUR },
    ]) {
      const kept = keepFresh(sourceOf(() => ({ ...day(1), ...window })).source, { log, clock })
      await expect(kept.ask('a')).rejects.toMatchObject({ code: 'tee_collateral_expired', retryable: true })
    }
    const forged = keepFresh(sourceOf(() => day(1, 'forged')).source, { log, clock })
    await expect(forged.ask('a')).rejects.toMatchObject({ code: 'tee_collateral_unavailable' })
  })

  test('a source that goes back in time is not followed, one that contradicts itself is told about', async () => {
    let answer = day(5)
    const kept = keepFresh(sourceOf(() => answer).source, { log, clock })
    await kept.ask('a')
    for (const next of [day(4), day(5, 'another')]) {
      answer = { ...next, until: now + 100 * HOUR }
      now += 7 * HOUR
      await kept.ask('a')
      await settled()
      expect(await kept.ask('a')).toMatchObject({ number: 5, text: 'n5' })
    }
    expect(lines).toMatchObject([{ fields: { error: { code: 'tee_collateral_disagrees' } } }])
  })

  test('survives a restart, files are named by their content, and damage counts as absence', async () => {
    const own = join(folder, 'restart')
    let down = false
    const { source, asked } = sourceOf(() => (down ? undefined : day(3)))
    await keepFresh(source, { folder: own, log, clock }).ask('a')
    down = true
    expect((await keepFresh(source, { folder: own, log, clock }).ask('a')).number).toBe(3)
    expect(asked()).toBe(1)
    const files = await readdir(own)
    expect(files).toHaveLength(2)
    const content = files.find((file) => !file.endsWith('.json'))!
    expect(JSON.parse(await readFile(join(own, content), 'utf8'))).toMatchObject({ number: 3 })
    await writeFile(join(own, content), '{"number":99}')
    await expect(keepFresh(source, { folder: own, log, clock }).ask('a')).rejects.toThrow(DcmlError)
  })

  test('what was kept over a restart is checked like what comes, and its successor replaces its file', async () => {
    const own = join(folder, 'checked')
    let answer = day(1)
    const { source } = sourceOf(() => answer)
    const store = new ContentStore(own)
    await store.write('note a', { bytes: notes.encode(day(9, 'forged')), fetchedAt: now })
    expect((await keepFresh(source, { folder: own, log, clock }).ask('a')).number).toBe(1)
    expect(lines).toMatchObject([{ message: 'kept collateral cannot be used' }])
    const kept = keepFresh(source, { folder: own, log, clock })
    now += 12 * HOUR
    answer = day(2)
    await kept.ask('a')
    await settled()
    expect(await readdir(own)).toHaveLength(2)
    expect(notes.decode((await store.read('note a'))!.bytes).number).toBe(2)
  })

  test('a folder that cannot be written to costs the cache alone', async () => {
    await writeFile(join(folder, 'file'), '')
    const kept = keepFresh(sourceOf(() => day(1)).source, { folder: join(folder, 'file'), log, clock })
    expect((await kept.ask('a')).number).toBe(1)
    expect(lines).toMatchObject([{ message: 'collateral cannot be kept' }])
  })
})

describe('compareSources', () => {
  const down = () => undefined

  test('hands out the newest, whichever source has it', async () => {
    const sources = [sourceOf(() => day(3), 'one').source, sourceOf(() => day(4), 'two').source]
    for (const order of [sources, sources.toReversed()])
      expect((await compareSources(order, { log, clock }).ask('a')).number).toBe(4)
    expect(lines).toEqual([])
  })

  test('one that is down, expired or forged is logged and stops nobody', async () => {
    const bad = [down, () => ({ ...day(9), until: now - 1 }), () => day(9, 'forged')]
    for (const answer of bad) {
      const sources = [sourceOf(answer, 'bad').source, sourceOf(() => day(3), 'good').source]
      expect((await compareSources(sources, { log, clock }).ask('a')).number).toBe(3)
    }
    expect(lines.map(({ fields }) => fields)).toMatchObject([
      { source: 'bad', error: { code: 'tee_collateral_unavailable' } },
      { source: 'bad', error: { code: 'tee_collateral_expired' } },
      { source: 'bad', error: { code: 'tee_collateral_unavailable' } },
    ])
    const none = compareSources([sourceOf(down, 'one').source, sourceOf(down, 'two').source], { log, clock })
    await expect(none.ask('a')).rejects.toMatchObject({ code: 'tee_collateral_unavailable', message: /one is down/ })
  })

  test('two good answers of one age that say different things are an error', async () => {
    const sources = [sourceOf(() => day(3)).source, sourceOf(() => day(3, 'other')).source]
    await expect(compareSources(sources, { log, clock }).ask('a')).rejects.toMatchObject({
      code: 'tee_collateral_disagrees',
      details: { member: 'text' },
    })
  })

  test('no source at all is a mistake of the caller', () => {
    expect(() => compareSources([], { log })).toThrow(expect.objectContaining({ code: 'tee_source_missing' }))
  })
})

test('the store gives back what was written last under a name, over any order of names and writers', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom('a', 'b', '../c', ''), fc.uint8Array({ maxLength: 40 })), { maxLength: 12 }),
      async (writes) => {
        const own = await mkdtemp(join(folder, 'store-'))
        const last = new Map<string, Uint8Array>()
        for (const [name, bytes] of writes) {
          await new ContentStore(own).write(name, { bytes, fetchedAt: 7 })
          last.set(name, bytes)
        }
        const store = new ContentStore(own)
        for (const [name, bytes] of last) expect(await store.read(name)).toEqual({ bytes, fetchedAt: 7 })
        expect(await store.read('never')).toBeUndefined()
        const contents = new Set([...last.values()].map((bytes) => Buffer.from(bytes).toString('hex')))
        if (last.size > 0) expect(await readdir(own)).toHaveLength(last.size + contents.size)
      },
    ),
    { numRuns: 20 },
  )
})
