import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, codeOf, World } from '../../test/pay/world.ts'
import { describeChannel, fileChannel } from '../index.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dcml-channel-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const mode = (path: string): number => statSync(path).mode & 0o777

test('a channel lives in a file, its key in another, and only their owner reads them', async () => {
  const path = join(folder, 'one.json')
  const world = await World.create()
  const client = world.client()
  const payer = await client.pay(world.options({ store: fileChannel(path) }))
  await (await ask(client)).text()
  const { d } = JSON.parse(readFileSync(`${path}.key`, 'utf8'))
  expect(readFileSync(path, 'utf8')).not.toContain(d)
  for (const file of [path, `${path}.key`, `${path}.lock`]) expect(mode(file)).toBe(0o600)
  await payer.release()
  const again = await world.client().resumeChannel({ store: fileChannel(path), wallet: world.chain.wallet() })
  expect(again.amounts()).toMatchObject({ spent: 169n })
  expect(await again.close()).toMatchObject({ done: true })
  await again.release()
  expect(readdirSync(folder).toSorted()).toEqual(['one.json', 'one.json.key'])
})

test('one process at a time; the lock of one that is gone is taken over', async () => {
  const path = join(folder, 'two.json')
  const store = fileChannel(path)
  expect(await store.load()).toEqual({ state: null, key: null })
  expect(await codeOf(() => fileChannel(path).load())).toBe('channel_store_busy')
  await store.release()
  const gone = execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' })
  writeFileSync(`${path}.lock`, gone.trim())
  await fileChannel(path).load()
  expect(readFileSync(`${path}.lock`, 'utf8')).toBe(String(process.pid))
  writeFileSync(`${path}.lock`, '')
  expect(await codeOf(() => fileChannel(path).load())).toBe('channel_store_busy')
})

test('the lock of a killed process is taken over by one of the same number, as in a container', async () => {
  const path = join(folder, 'container.json')
  writeFileSync(`${path}.lock`, String(process.pid))
  expect(await codeOf(() => fileChannel(path).load())).toBe('channel_store_busy')
  const before = Date.now() / 1000 - process.uptime() - 1
  utimesSync(`${path}.lock`, before, before)
  await fileChannel(path).load()
  expect(await codeOf(() => fileChannel(path).load())).toBe('channel_store_busy')
})

test('who is refused the file does not take it from its holder', async () => {
  const path = join(folder, 'three.json')
  const world = await World.create()
  const payer = await world.client().pay(world.options({ store: fileChannel(path) }))
  const late = () => world.client().pay(world.options({ store: fileChannel(path) }))
  for (const _ of [1, 2]) expect(await codeOf(late)).toBe('channel_store_busy')
  expect(await codeOf(() => describeChannel(fileChannel(path)))).toBe('channel_store_busy')
  await payer.release()
  expect(await describeChannel(fileChannel(path))).toMatchObject({ phase: 'open', open: { channelId: 1n } })
})

test('a file that cannot be written says so', async () => {
  const nowhere = fileChannel(join(folder, 'no', 'such', 'folder'))
  expect(await codeOf(() => nowhere.load())).toBe('channel_store_failed')
  expect(await codeOf(() => nowhere.saveState('{}'))).toBe('channel_store_failed')
})
