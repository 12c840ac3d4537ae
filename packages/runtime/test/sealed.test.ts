// From a container on the host's disk to an answer, with the real weights code and no native engine.
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex, toHex } from '@dcml/protocol'
import { generateModelKey } from '@dcml/weights'
import { inspectContainer, sealModel } from '@dcml/weights/node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EngineLoader } from '../src/index.ts'
import { scriptedLoader } from '../src/testing.ts'
import { attestedFetch, type Booted, boot, eventually, grantOf, loadModel } from './harness.ts'

const PLAINTEXT = Buffer.from('GGUF and then the weights '.repeat(1000))
const key = generateModelKey()
let folder: string
let container: string
let modelH: Uint8Array
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-sealed-'))
  container = join(folder, 'story.dcmw')
  await writeFile(join(folder, 'story.gguf'), PLAINTEXT)
  await sealModel({ source: join(folder, 'story.gguf'), out: container, recipients: [key.pk] })
  await rm(join(folder, 'story.gguf'))
  modelH = fromHex((await inspectContainer(container)).modelH)
})
afterAll(() => rm(folder, { recursive: true }))

/** A loader that keeps what it was given to read. */
function reading(): EngineLoader & { read: Buffer[]; paths: string[] } {
  const read: Buffer[] = []
  const paths: string[] = []
  const inner = scriptedLoader(() => ({ tokens: ['done'] }))
  return {
    name: 'reading',
    read,
    paths,
    async load(files, options) {
      for (const file of files) {
        paths.push(file.path)
        read.push(await readFile(file.path))
      }
      return inner.load(files, options)
    },
  }
}

/** Boots with the runtime's own source of models, not the harness's. */
const bootReal = (loader: EngineLoader, model?: string): Promise<Booted> =>
  boot({ loader, containers: true, ...(model && { model }) })

async function setSk(runtime: Booted, sk: Uint8Array): Promise<{ status: number; error?: { code: string } }> {
  const fetch = attestedFetch(runtime)
  const body = JSON.stringify({ grant: grantOf(sk, modelH) })
  const response = await fetch(`${runtime.url}/dcml/v1/set-sk`, { method: 'POST', body })
  const json = (await response.json()) as { error?: { code: string } }
  await fetch.close()
  return { status: response.status, ...json }
}

test('the engine gets the plaintext from memory, and clients the name of the file', async () => {
  const loader = reading()
  await using runtime = await bootReal(loader, container)
  expect(await setSk(runtime, generateModelKey().sk)).toMatchObject({ status: 403, error: { code: 'grant_sk_wrong' } })
  expect((await setSk(runtime, key.sk)).status).toBe(200)
  await eventually(() => expect(runtime.state().phase).toBe('ready'))
  expect(loader.read).toEqual([PLAINTEXT])
  if (process.platform === 'linux') expect(loader.paths[0]).toMatch(/^\/proc\/self\/fd\/\d+$/)
  await expect(readFile(loader.paths[0]!)).rejects.toThrow()
  const fetch = attestedFetch(runtime)
  const models = await (await fetch(`${runtime.url}/v1/models`)).json()
  await fetch.close()
  expect(models).toMatchObject({ data: [{ id: 'story', root: toHex(modelH) }] })
})

test('a container that was cut or changed fails with its own code, and the process stays up', async () => {
  const sealed = await readFile(container)
  const cut = join(folder, 'cut.dcmw')
  await writeFile(cut, sealed)
  await truncate(cut, sealed.length - 100)
  const changed = join(folder, 'changed.dcmw')
  sealed[sealed.length - 50]! ^= 1
  await writeFile(changed, sealed)
  const loader = reading()
  await using runtime = await bootReal(loader)
  await setSk(runtime, key.sk)
  const load = async (path: string) => (await loadModel(runtime, path)).json()
  expect(await load(cut)).toMatchObject({ error: { code: 'container_truncated' } })
  expect(await load(join(folder, 'none'))).toMatchObject({ error: { code: 'container_not_found' } })
  expect(await load(changed)).toMatchObject({ phase: 'loading' })
  await eventually(() =>
    expect(runtime.state()).toMatchObject({ phase: 'failed', error: { code: 'container_segment_tampered' } }),
  )
  expect(loader.read).toEqual([])
  // the wrong container does not spoil the right one
  await load(container)
  await eventually(() => expect(runtime.state().phase).toBe('ready'))
})

test('a model that cannot be read at start stops the start', async () => {
  await expect(bootReal(reading(), join(folder, 'none'))).rejects.toMatchObject({ code: 'container_not_found' })
})
