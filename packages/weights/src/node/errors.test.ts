import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Collector, codeOf, pattern, SMALL, tempFolder, writeModel } from '../../test/support.ts'
import { generateModelKey } from '../keys.ts'
import { inspectContainer } from './container.ts'
import { openToFolder } from './folder.ts'
import { hashFiles, hashModel } from './hash.ts'
import type { Progress } from './io.ts'
import { openModel } from './open.ts'
import { sealModel, sealWith } from './seal.ts'
import { fdSink } from './sink.ts'
import { listFiles } from './source.ts'

const { sk, pk } = generateModelKey()

async function container(): Promise<{ folder: string; path: string; source: string }> {
  const folder = await tempFolder()
  const source = await writeModel(join(folder, 'm'), { a: pattern(3000), 'sub/empty': new Uint8Array() })
  const path = join(folder, 'x.dcmw')
  await sealWith({ source, out: path, recipients: [pk] }, { leafSize: SMALL })
  return { folder, path, source }
}

test('what is not there, not a container or half of one', async () => {
  const { folder, path, source } = await container()
  expect(await codeOf(inspectContainer(join(folder, 'none')))).toBe('container_not_found')
  expect(await codeOf(inspectContainer(join(source, 'a')))).toBe('container_not_dcmw')
  await truncate(path, 6000)
  expect(await codeOf(inspectContainer(path))).toBe('container_truncated')
})

test('a folder is not a container', async () => {
  expect(await codeOf(inspectContainer(await tempFolder()))).toBe('container_not_dcmw')
})

test.skipIf(process.platform === 'win32')('a pipe is not waited for, neither as container nor as header', async () => {
  const { folder, path } = await container()
  const pipe = join(folder, 'pipe')
  for (const name of [pipe, `${path}.header`]) execFileSync('mkfifo', [name])
  expect(await codeOf(inspectContainer(pipe))).toBe('container_not_dcmw')
  expect(await codeOf(sealModel({ source: pipe, out: join(folder, 'y'), recipients: [pk] }))).toBe('model_path_refused')
  await writeFile(path, 'DCMW torn')
  expect(await codeOf(inspectContainer(path))).toMatch(/^container_/)
})

test('models that cannot be named', async () => {
  const folder = await tempFolder()
  expect(await codeOf(hashModel(join(folder, 'none')))).toBe('model_not_found')
  await mkdir(join(folder, 'empty'))
  expect(await codeOf(hashModel(join(folder, 'empty')))).toBe('model_empty')
  await writeModel(join(folder, 'bad'), { 'a:b': pattern(1) })
  expect(await codeOf(hashModel(join(folder, 'bad')))).toBe('model_path_refused')
  await mkdir(join(folder, 'links'))
  await symlink(folder, join(folder, 'links', 'up'))
  expect(await codeOf(hashModel(join(folder, 'links')))).toBe('model_path_refused')
})

test('a link to a file is the file', async () => {
  const folder = await writeModel(await tempFolder(), { 'blobs/1': pattern(9), 'm/x': pattern(9) })
  await mkdir(join(folder, 'linked'))
  await symlink(join(folder, 'blobs', '1'), join(folder, 'linked', 'x'))
  expect((await hashModel(join(folder, 'linked'))).modelH).toEqual((await hashModel(join(folder, 'm'))).modelH)
})

test('a source that grows, shrinks or goes away while it is read', async () => {
  const folder = await writeModel(await tempFolder(), { a: pattern(3000) })
  const files = await listFiles(folder)
  await writeFile(join(folder, 'a'), pattern(3001))
  expect(await codeOf(hashFiles(files, SMALL, {}))).toBe('model_source_changed')
  await writeFile(join(folder, 'a'), pattern(2999))
  expect(await codeOf(hashFiles(files, SMALL, {}))).toBe('model_source_changed')
  expect(await codeOf(hashFiles([{ ...files[0]!, location: join(folder, 'gone') }], SMALL, {}))).toBe(
    'model_source_changed',
  )
})

test('a source that changes between hashing and sealing is never encrypted', async () => {
  const { folder, source } = await container()
  const out = join(folder, 'y.dcmw')
  const onProgress = ({ phase, done }: Progress) => {
    if (phase === 'hash' && done === 3000) writeFileSync(join(source, 'a'), pattern(3000, 2))
  }
  const sealing = sealWith({ source, out, recipients: [pk], onProgress }, { leafSize: SMALL })
  expect(await codeOf(sealing)).toBe('model_source_changed')
  expect(existsSync(out)).toBe(false)
})

test('recipients and metadata are checked before any work', async () => {
  const { folder, source } = await container()
  const seal = (more: object) => sealModel({ source, out: join(folder, 'y'), recipients: [pk], ...more })
  expect(await codeOf(seal({ recipients: [] }))).toBe('seal_recipients_invalid')
  expect(await codeOf(seal({ recipients: [pk, pk] }))).toBe('seal_recipients_invalid')
  expect(await codeOf(seal({ recipients: [pk.subarray(1)] }))).toBe('model_key_malformed')
  expect(await codeOf(seal({ meta: { rawH: 'no' } }))).toBe('model_meta_invalid')
  expect(await codeOf(seal({ out: join(folder, 'no', 'such', 'y') }))).toBe('seal_target_not_found')
  expect(existsSync(join(folder, 'y.partial'))).toBe(false)
})

test('no space in the sink', async () => {
  const { path } = await container()
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  const into = () => ({ write: () => Promise.reject(full) })
  await expect(openModel({ container: path, sk, into })).rejects.toMatchObject({ code: 'no_space', retryable: true })
  const sync = () => ({
    write: () => {
      throw full
    },
  })
  expect(await codeOf(openModel({ container: path, sk, into: sync }))).toBe('no_space')
})

test.skipIf(!existsSync('/dev/full'))('no space, said by the system itself', async () => {
  const { path } = await container()
  const fd = openSync('/dev/full', 'w')
  expect(await codeOf(openModel({ container: path, sk, into: () => fdSink(fd) }))).toBe('no_space')
  closeSync(fd)
})

test('an error of a sink that is none of ours passes unchanged', async () => {
  const { path } = await container()
  const into = () => ({ write: () => Promise.reject(new TypeError('mine')) })
  await expect(openModel({ container: path, sk, into })).rejects.toThrow(new TypeError('mine'))
})

test('chunks are zeroed after the sink took them', async () => {
  const { path } = await container()
  const kept: Uint8Array[] = []
  await openModel({ container: path, sk, into: () => ({ write: (bytes) => void kept.push(bytes) }) })
  expect(kept.length).toBeGreaterThan(2)
  for (const bytes of kept) expect(bytes.every((byte) => byte === 0)).toBe(true)
})

test('opening stops at a signal and closes its sinks', async () => {
  const { path } = await container()
  const stop = new AbortController()
  const out = new Collector()
  const opening = openModel({
    container: path,
    sk,
    into: out.into,
    signal: stop.signal,
    onProgress: () => stop.abort(new Error('enough')),
  })
  await expect(opening).rejects.toThrow('enough')
  expect(out.closed).toBe(out.files.size)
  expect(out.bytes.length).toBeLessThan(3000)
})

test('a folder appears whole, private, or not at all', async () => {
  const { folder, path } = await container()
  const target = join(folder, 'out', 'model')
  await openToFolder({ container: path, sk, folder: target })
  expect(await readFile(join(target, 'a'))).toEqual(Buffer.from(pattern(3000)))
  expect((await stat(join(target, 'sub/empty'))).size).toBe(0)
  expect(await codeOf(openToFolder({ container: path, sk, folder: target }))).toBe('open_target_not_empty')

  const bytes = await readFile(path)
  bytes[bytes.length - 1]! ^= 1
  await writeFile(path, bytes)
  const other = join(folder, 'other')
  expect(await codeOf(openToFolder({ container: path, sk, folder: other }))).toBe('container_segment_tampered')
  expect((await readdir(folder)).sort()).toEqual(['m', 'out', 'x.dcmw'])
})
