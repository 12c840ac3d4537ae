import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { development } from '@dcml/attestation'
import { toHex } from '@dcml/protocol'
import { seedEnclave } from '@dcml/publisher'
import { demoModelPath } from '@dcml/training/node'
import { generateModelKey } from '@dcml/weights'
import { sealModel } from '@dcml/weights/node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DevHost, startDevHost, untilReady } from '../../../test/dev-host.ts'

const run = promisify(execFile)
const examples = join(import.meta.dirname, '..', '..')
let folder: string
let host: DevHost
let modelH: string
let env: Record<string, string>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-example-'))
  const container = join(folder, 'model.dcmw')
  const { sk, pk } = generateModelKey()
  const sealed = await sealModel({ source: demoModelPath(), out: container, recipients: [pk] })
  modelH = toHex(sealed.modelH)
  host = await startDevHost(container)
  const policy = { environment: 'development', imageH: [host.imageH], images: 'any', binding: 'session-quoted' }
  await writeFile(join(folder, 'policy.json'), JSON.stringify(policy))
  await writeFile(join(folder, 'root.pem'), host.rootPem)
  env = {
    PATH: process.env.PATH!,
    ENDPOINT: `https://127.0.0.1:${host.endpoint.port}`,
    POLICY: join(folder, 'policy.json'),
    ROOT: join(folder, 'root.pem'),
    MODEL_H: modelH,
  }
  await seedEnclave({
    endpoint: host.endpoint,
    policy: development({ imageH: [host.imageH], binding: 'session-quoted' }),
    roots: [host.rootPem],
    modelH: sealed.modelH,
    sk,
  })
  await untilReady(host)
})
afterAll(async () => {
  await host.runtime.close()
  await rm(folder, { recursive: true })
})

const chat = (more: Record<string, string> = {}) =>
  run(
    process.execPath,
    ['--conditions=@dcml/source', join(examples, 'private-chat', 'chat.ts'), 'What of our liberties?'],
    {
      env: { ...env, ...more },
    },
  )

test('chats through the OpenAI SDK and holds a receipt', async () => {
  const { stdout } = await chat()
  expect(stdout).toMatch(/[a-z]{3}[\s\S]*\nreceipt: \d+ checks passed\n$/)
})

test('asks nothing of an enclave with another model, or under a production policy', async () => {
  await expect(chat({ MODEL_H: '0'.repeat(64) })).rejects.toMatchObject({
    stderr: expect.stringContaining('attestation_refused'),
  })
  const production = join(folder, 'production.json')
  await writeFile(production, JSON.stringify({ imageH: [host.imageH], images: 'any' }))
  await expect(chat({ POLICY: production })).rejects.toMatchObject({
    stderr: expect.stringContaining('attestation_refused'),
  })
})
