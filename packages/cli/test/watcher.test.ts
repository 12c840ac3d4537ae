import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDevchain } from '@dcml/devchain'
import { expect, onTestFinished, test } from 'vitest'
import { enclave } from '../src/commands/watcher.ts'
import { dcml, dcmlCommand } from './dcml.ts'

test('dcml watcher run watches until it is ended, and keeps what it saw', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dcml-watcher-'))
  const chain = createDevchain({ clock: Date.now })
  chain.mine(5)
  const server = await chain.serve()
  onTestFinished(async () => {
    await server.close()
    await rm(folder, { recursive: true })
  })
  await writeFile(join(folder, 'key'), chain.root.key.secretKey, { mode: 0o600 })
  const flags = ['--network', 'localnet', '--node', server.url, '--contract', 'model.test.near', '--json']
  const signer = ['--account', 'test.near', '--key', 'key', '--metrics-port', '0', '--poll', '0.05']
  const run = ['watcher', 'run', ...flags, ...signer]

  const { code, json } = await dcml(folder, run)
  expect([code, json]).toMatchObject([1, { error: { code: 'watcher_from_missing' } }])

  const [command, ...args] = dcmlCommand([...run, '--from', '1'])
  const child = spawn(command!, args, { cwd: folder, env: { PATH: process.env.PATH } })
  const [said] = await once(child.stdout, 'data')
  const { url } = JSON.parse(`${said}`)
  const health = await fetch(`${url}/healthz`)
  expect([health.status, await health.json()]).toMatchObject([200, { ok: true, channels: 0 }])
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
  // its own chain's file is no state of another contract
  const other = run.map((word) => (word === 'model.test.near' ? 'other.test.near' : word))
  expect((await dcml(folder, other)).json).toMatchObject({ error: { code: 'watcher_state_invalid' } })
})

test('an enclave is named with its provider', () => {
  const one = enclave('bob.near=https://127.0.0.1:8443')
  expect(enclave('eve.near=http://127.0.0.1:9443', one)).toEqual({
    'bob.near': 'https://127.0.0.1:8443',
    'eve.near': 'http://127.0.0.1:9443',
  })
  for (const text of ['bob.near', 'https://x', 'bob.near=ftp://x', '=https://x'])
    expect(() => enclave(text)).toThrow('not account=url')
})
