import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { demoModelPath } from '@dcml/training/node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDevHost, untilReady } from '../../../test/dev-host.ts'

const script = join(import.meta.dirname, '..', 'publish.ts')
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-example-'))
  await cp(demoModelPath(), join(folder, 'model.gguf'))
})
afterAll(() => rm(folder, { recursive: true }))

const publish = (env: Record<string, string>) =>
  promisify(execFile)(process.execPath, ['--conditions=@dcml/source', script], {
    cwd: folder,
    env: { PATH: process.env.PATH!, MODEL: 'model.gguf', ...env },
  })

test('publishes a model, then seeds the host that was waiting for its key', async () => {
  expect((await publish({})).stdout).toMatch(/^published published: modelH [0-9a-f]{64}\n$/)
  const card = JSON.parse(await readFile(join(folder, 'published', 'model.json'), 'utf8'))
  const host = await startDevHost(join(folder, 'published', 'model.dcmw'))
  try {
    const policy = { environment: 'development', imageH: [host.imageH], images: 'any', binding: 'session-quoted' }
    await writeFile(join(folder, 'policy.json'), JSON.stringify(policy))
    await writeFile(join(folder, 'root.pem'), host.rootPem)
    const seeding = { HOST: '127.0.0.1', PORT: String(host.endpoint.port), POLICY: 'policy.json', ROOT: 'root.pem' }
    const { stdout } = await publish(seeding)
    expect(stdout).toContain(`modelH ${card.modelH}`)
    expect(stdout).toContain('seeded a development enclave')
    await untilReady(host)
  } finally {
    await host.runtime.close()
  }
})
