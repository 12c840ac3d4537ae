import { closeSync, fstatSync, writeFileSync, writeSync } from 'node:fs'
import { mkdir, mkdtemp, open, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomModel } from '@dcml/training'
import { generateModelKey } from '@dcml/weights'
import { hashModel, sealModel } from '@dcml/weights/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { llamaCppLoader } from '../engine/llama/load.ts'
import { openUnlinked } from './inode.ts'
import { openPlain, openWeights } from './open.ts'
import { sealedModels } from './source.ts'
import { AnonymousStore, openAnonymousStore } from './store.ts'

const { signal } = new AbortController()
const linux = process.platform === 'linux'
const key = generateModelKey()
const canary = 'CANARY-3f1c9a'

let folder: string
let store: AnonymousStore
let source: string
let container: string
let modelH: Uint8Array

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-weights-'))
  store = openAnonymousStore({ environment: 'development' })
  source = join(folder, 'model')
  await mkdir(join(source, 'parts'), { recursive: true })
  await writeFile(join(source, 'a.bin'), Buffer.alloc(5 * 1024 * 1024, canary))
  await writeFile(join(source, 'empty'), '')
  await writeFile(join(source, 'parts', 'b.json'), '{}')
  container = join(folder, 'model.dcmw')
  ;({ modelH } = await sealModel({ source, out: container, recipients: [key.pk] }))
})
afterAll(() => rm(folder, { recursive: true }))

/** Anonymous inodes that this process holds. */
async function anonymous(): Promise<string[]> {
  const fds = await readdir('/proc/self/fd')
  const targets = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return targets.filter((target) => target.endsWith('(deleted)') && target.startsWith('/dev/shm/'))
}

describe('a sealed model', () => {
  test('is opened into memory, file by file, and leaves nothing behind', async () => {
    const opened = await openWeights({ store, container, sk: key.sk, expectedModelH: modelH })
    expect(opened.modelH).toEqual(modelH)
    expect(opened.files.map(({ name, size }) => [name, size])).toEqual([
      ['a.bin', 5 * 1024 * 1024],
      ['empty', 0],
      ['parts/b.json', 2],
    ])
    for (const { name, path } of opened.files) {
      expect((await readFile(path)).equals(await readFile(join(source, name)))).toBe(true)
    }
    await opened.close()
    if (linux) expect(await anonymous()).toEqual([])
  })

  test.runIf(linux)('has no name in any folder, and cannot be changed once it was checked', async () => {
    const before = await readdir('/dev/shm')
    const opened = await openWeights({ store, container, sk: key.sk })
    const [file] = opened.files
    expect(await readdir('/dev/shm')).toEqual(before)
    expect((await stat(file!.path)).nlink).toBe(0)
    const fd = Number(file!.path.split('/').at(-1))
    expect(() => writeSync(fd, 'x')).toThrow('EBADF')
    await opened.close()
  })

  test.runIf(linux)('leaves no file open when it is refused or given up', async () => {
    const broken = join(folder, 'broken.dcmw')
    await writeFile(broken, await readFile(container))
    const file = await open(broken, 'r+')
    const { size } = await file.stat()
    await file.write(Buffer.from([1, 2, 3, 4]), 0, 4, size - 4)
    await file.close()
    const other = new Uint8Array(32).fill(1)
    const progress = new AbortController()
    const attempts: [() => Promise<unknown>, string | undefined][] = [
      [() => openWeights({ store, container: broken, sk: key.sk }), 'container_segment_tampered'],
      [() => openWeights({ store, container, sk: generateModelKey().sk }), 'container_wrong_key'],
      [() => openWeights({ store, container, sk: key.sk, expectedModelH: other }), 'model_h_mismatch'],
      [
        () =>
          openWeights({ store, container, sk: key.sk, signal: progress.signal, onProgress: () => progress.abort() }),
        undefined,
      ],
    ]
    for (const [attempt, code] of attempts)
      await expect(attempt()).rejects.toMatchObject(code ? { code } : { name: 'AbortError' })
    expect(await anonymous()).toEqual([])
  })

  test('that does not fit is refused before a byte is decrypted', async () => {
    class SmallStore extends AnonymousStore {
      override requireSpace = () => super.requireSpace(Number.MAX_SAFE_INTEGER)
      override create = (): never => expect.fail('nothing is to be written')
    }
    const attempt = openWeights({ store: new SmallStore('/dev/shm', []), container, sk: key.sk })
    await expect(attempt).rejects.toMatchObject({ code: 'tmpfs_full' })
  })

  test('that fills the tmpfs on the way leaves it again', async () => {
    const closed: string[] = []
    class FullStore extends AnonymousStore {
      override create() {
        const inode = super.create()
        const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
        const close = inode.close.bind(inode)
        return Object.assign(inode, {
          sink: { write: () => Promise.reject(full) },
          close() {
            closed.push(inode.path)
            close()
          },
        })
      }
    }
    const attempt = openWeights({ store: new FullStore(tmpdir(), []), container, sk: key.sk })
    await expect(attempt).rejects.toMatchObject({ code: 'tmpfs_full', cause: { code: 'no_space' } })
    expect(closed).toHaveLength(1)
  })

  test('answers through llama.cpp, also after its files were closed', async () => {
    const gguf = join(folder, 'tiny.gguf')
    const sealed = join(folder, 'tiny.dcmw')
    await writeFile(gguf, randomModel({ dim: 32, layers: 1, heads: 2, ff: 64, vocab: 260, seed: 9 }))
    await sealModel({ source: gguf, out: sealed, recipients: [key.pk] })
    const model = await sealedModels(store)(sealed)
    expect(model.name).toBe('tiny')
    expect(await model.unlocks(key.sk)).toBe(true)
    expect(await model.unlocks(generateModelKey().sk)).toBe(false)
    const opened = await model.open(key.sk, { signal, onProgress: () => {} })
    const engine = await llamaCppLoader({ parallel: 1, contextLength: 256 }).load(opened.files, { signal })
    await opened.close()
    let tokens = 0
    for await (const event of engine.complete(
      { prompt: 'hello', stop: [], maxTokens: 20, ignoreEos: true, body: {} },
      { signal },
    ))
      if (event.type === 'end') tokens = event.completionTokens
    await engine.close()
    expect(tokens).toBe(20)
  })
})

describe('an open model', () => {
  test('has the modelH of its sealed release and lies in memory', async () => {
    const phases = new Set<string>()
    const opened = await openPlain({
      store,
      path: source,
      expectedModelH: modelH,
      onProgress: ({ phase, done, total }) => done === total && phases.add(phase),
    })
    expect(opened.modelH).toEqual(modelH)
    expect([...phases]).toEqual(['hash', 'open'])
    for (const { name, path } of opened.files) {
      expect((await readFile(path)).equals(await readFile(join(source, name)))).toBe(true)
    }
    await opened.close()
  })

  test('is named by its file where it is one', async () => {
    const path = join(source, 'a.bin')
    const opened = await openPlain({ store, path })
    expect(opened.files.map(({ name }) => name)).toEqual(['a.bin'])
    expect(opened.modelH).toEqual((await hashModel(path)).modelH)
    await opened.close()
  })

  test('is refused when it is another one, or changes while it is read', async () => {
    const path = join(folder, 'moving')
    await writeFile(path, 'first')
    await expect(openPlain({ store, path, expectedModelH: modelH })).rejects.toMatchObject({ code: 'model_h_mismatch' })
    const opening = openPlain({
      store,
      path,
      onProgress: ({ phase }) => phase === 'hash' && writeFileSync(path, 'other'),
    })
    await expect(opening).rejects.toMatchObject({ code: 'model_source_changed' })
  })
})

describe('the store', () => {
  test('where there is no O_TMPFILE, a file loses its name at once', async () => {
    const empty = await mkdtemp(join(folder, 'unlinked-'))
    const fd = openUnlinked(empty)
    writeSync(fd, 'text')
    expect(await readdir(empty)).toEqual([])
    expect(fstatSync(fd)).toMatchObject({ nlink: 0, size: 4 })
    closeSync(fd)
  })

  test('refuses a disk in production and warns in development', async () => {
    expect(() => openAnonymousStore({ environment: 'production', folder: '/proc' })).toThrow(
      expect.objectContaining({ code: 'host_tmpfs' }),
    )
    const warnings: object[] = []
    const log = { info: () => {}, warn: (facts: object) => void warnings.push(facts) }
    const unsafe = openAnonymousStore({ environment: 'development', folder: '/proc', log })
    expect(unsafe.confidential).toBe(false)
    expect(warnings).toContainEqual(expect.objectContaining({ check: 'host_tmpfs' }))
    const opened = await openWeights({ store: unsafe, container, sk: key.sk })
    expect(await readFile(opened.files[0]!.path, 'latin1')).toContain(canary)
    await opened.close()
  })
})
