// `dcml runtime serve` for a workload that is paid: what it takes to start, as a process.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createDevchain } from '@dcml/devchain'
import { formatTrustRoot } from '@dcml/light-client'
import { connectNear, fetchTrustRoot } from '@dcml/near'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dcml, dcmlCommand } from './dcml.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-serve-'))
  const chain = createDevchain({ clock: Date.now })
  chain.mine(4)
  const server = await chain.serve()
  const { chainId: networkId } = chain.settings
  const root = await fetchTrustRoot(connectNear({ networkId, nodes: server.url }))
  await server.close()
  const manifest = {
    ...{ v: 1, name: 'paid', image: `sha256:${'0'.repeat(64)}`, command: ['dcml'], env: {}, models: ['ab'.repeat(32)] },
    network: { networkId, contract: 'model' },
    trustRoot: formatTrustRoot(root),
  }
  await writeFile(join(folder, 'image.json'), JSON.stringify(manifest))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const serve = (...args: string[]) => [
  ...['runtime', 'serve', '--tee', 'simulator', '--development', '--manifest', 'image.json', '--json'],
  ...['--engine', 'http://127.0.0.1:9/v1', '--host', '127.0.0.1', '--port', '0', '--admin-port', '0'],
  ...args,
]

test('without its account or a device it says so and ends', async () => {
  const nameless = await dcml(folder, serve('--state', 'state', '--anti-rollback', 'memory'))
  expect(nameless.json).toMatchObject({ error: { code: 'provider_missing' } })
  const ended = await dcml(folder, serve('--provider', 'bob.test', '--state', 'state'))
  expect(ended.code).not.toBe(0)
  expect(ended.json).toMatchObject({ error: { code: 'anti_rollback_missing' } })
})

test('with a folder and a device it listens, and tells the host of its channels', async () => {
  const [command, ...rest] = dcmlCommand(
    serve('--provider', 'bob.test', '--state', 'state', '--anti-rollback', 'memory'),
  )
  const child = spawn(command!, rest, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
  const gone = once(child, 'exit')
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { adminUrl } = JSON.parse(line) as { adminUrl: string }
  const listed = await fetch(`${adminUrl}/dcml/v1/channels`)
  expect(await listed.json()).toEqual({ channels: [] })
  child.kill('SIGTERM')
  await gone
})
