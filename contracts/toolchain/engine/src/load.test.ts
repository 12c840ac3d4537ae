import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadEngine } from './load.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-engine-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const load = () => loadEngine(pathToFileURL(`${folder}/`))
const built = fileURLToPath(new URL('../wasm/', import.meta.url))

describe('loadEngine', () => {
  test('gives both modules and what is known of them', async () => {
    await cp(built, folder, { recursive: true })
    const { engine, runtime, manifest } = await load()
    expect([...engine.subarray(0, 4), ...runtime.subarray(0, 4)]).toEqual([0, 97, 115, 109, 0, 97, 115, 109])
    expect(manifest).toMatchObject({ quickjs: '2025-04-26', protocolVersion: 86 })
    expect(manifest.inputs.quickjs).toMatch(/^ec81da5b/)
  })

  test('says that nothing has been built', async () => {
    await expect(load()).rejects.toMatchObject({
      code: 'engine_missing',
      message: 'the contract engine has not been built: no engine.json',
    })
  })

  test('refuses a module that was changed or cut short', async () => {
    await cp(built, folder, { recursive: true })
    const { runtime } = await load()
    for (const bytes of [runtime.slice(0, -1), runtime.with(1000, runtime[1000]! ^ 1)]) {
      await writeFile(join(folder, 'runtime.wasm'), bytes)
      await expect(load()).rejects.toMatchObject({ code: 'engine_damaged' })
    }
  })

  test.each(['', '{', '[]', '{"quickjs":"2025-04-26"}'])('refuses the manifest %j', async (text) => {
    await cp(built, folder, { recursive: true })
    await writeFile(join(folder, 'engine.json'), text)
    await expect(load()).rejects.toMatchObject({ code: 'engine_damaged' })
  })
})
