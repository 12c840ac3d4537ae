import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dcml } from './dcml.ts'

const golden = join(import.meta.dirname, '../../por/test/golden')
const chain = ['--network', 'localnet', '--node', 'http://127.0.0.1:1', '--por-account', 'por.test.near']

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-por-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const refusal = async (...args: string[]) => (await dcml(folder, ['por', ...args, '--json'])).json?.error

test('sim draws the paper’s own example as text and as a picture', async () => {
  const name = '5.3-waits-and-pays'
  const drawn = await dcml(folder, ['por', 'sim', join(golden, `${name}.scenario.json`), '--svg', 'out.svg'])
  expect(drawn).toMatchObject({ code: 0, stderr: '' })
  expect(drawn.stdout.trimEnd()).toBe((await readFile(join(golden, `${name}.txt`), 'utf8')).trimEnd())
  expect(await readFile(join(folder, 'out.svg'), 'utf8')).toContain('<svg')
})

test('a scenario that is none is refused', async () => {
  await writeFile(join(folder, 'none.json'), '{"name":"none"}')
  expect(await refusal('sim', 'none.json')).toMatchObject({ code: 'por_scenario_invalid' })
})

test('a node key is made once, and is for its owner only', async () => {
  const made = await dcml(folder, ['por', 'keygen', 'node.key', '--json'])
  expect(made.json?.key).toMatch(/^[0-9a-f]{64}$/)
  const path = join(folder, 'node.key')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(made.stdout).not.toContain((await readFile(path, 'utf8')).trim())
  expect(await refusal('keygen', 'node.key')).toMatchObject({ code: 'file_exists' })
})

test('what asks needs a node that runs', async () => {
  expect(await refusal('request', 'bob.near')).toMatchObject({ code: 'por_node_down' })
  expect(await refusal('isolate', 'bob.near')).toMatchObject({ code: 'por_node_down' })
  expect(await refusal('edges')).toMatchObject({ code: 'por_node_down' })
  expect(await refusal('accept', '1')).toMatchObject({ code: 'por_node_down' })
  const twice = await refusal('request', 'bob.near', '--text', 'a', '--file', 'none.json')
  expect(twice).toMatchObject({ code: 'payload_twice' })
})

test('what signs says what it lacks', async () => {
  expect(await refusal('leave', '--network', 'localnet')).toMatchObject({ code: 'near_contract_unnamed' })
  expect(await refusal('leave', ...chain)).toMatchObject({ code: 'near_key_missing' })
  expect(await refusal('topology', ...chain)).toMatchObject({ code: 'near_unreachable' })
})

test('a key that others can read starts no node', async () => {
  await writeFile(join(folder, 'near.key'), 'ed25519:nothing', { mode: 0o600 })
  await writeFile(join(folder, 'open.key'), '00'.repeat(32))
  await chmod(join(folder, 'open.key'), 0o644)
  const flags = ['--account', 'bob.near', '--key', 'near.key', ...chain]
  expect(await refusal('register', '--node-key', 'open.key', '--stake', '1 NEAR', ...flags)).toBeDefined()
})
