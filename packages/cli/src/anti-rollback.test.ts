import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keyRelease } from '@dcml/attestation'
import { createDevchain } from '@dcml/devchain'
import { formatTrustRoot, parseTrustRoot } from '@dcml/light-client'
import { connectNear, fetchTrustRoot } from '@dcml/near'
import { createSimulator } from '@dcml/tee-simulator'
import pino from 'pino'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { anchorOf, openDevice } from './anti-rollback.ts'

const simulator = await createSimulator()
const tee = simulator.createTee({ imageH: new Uint8Array(32) })

async function open(text: string, change: object = {}): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'dcml-device-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const peers = { policy: keyRelease({ imageH: [], images: [] }) }
  const near = { network: 'localnet', node: ['http://127.0.0.1:1'] }
  const context = { tee, manifest: new Uint8Array(), peers, near, host: '127.0.0.1', log: pino({ level: 'silent' }) }
  return openDevice(text, { ...context, state: join(folder, 'state'), ...change }).then(
    ({ name }) => name,
    ({ code }) => code,
  )
}

test.each([
  ['memory', 'memory'],
  ['simulator:chip', 'simulator'],
  ['simulator', 'anti_rollback_unknown'],
  ['chain:1', 'anti_rollback_unknown'],
  ['chain', 'near_unreachable'],
  ['memory:1', 'anti_rollback_unknown'],
  ['paper', 'anti_rollback_unknown'],
  ['', 'anti_rollback_unknown'],
  ['quorum', 'anti_rollback_unknown'],
  ['quorum:9444', 'anti_rollback_unknown'],
  ['quorum:here,a:1,b:2,c:3', 'anti_rollback_unknown'],
  ['quorum:0,nowhere', 'address_invalid'],
  ['tpm2:/nowhere', 'tpm_unavailable'],
])('%j is %s', async (text, outcome) => {
  expect(await open(text)).toBe(outcome)
})

test('a TEE that cannot seal has no device of its own', async () => {
  const { sealingKey: _, ...unsealing } = tee
  expect(await open('tpm2', { tee: unsealing })).toBe('sealing_unsupported')
})

describe('the anchor contract', async () => {
  const chain = createDevchain({ clock: Date.now })
  const server = await chain.serve()
  afterAll(() => server.close())
  chain.mine(4)
  const root = await fetchTrustRoot(connectNear({ networkId: chain.settings.chainId, nodes: server.url }))
  const network = { networkId: 'localnet', contract: 'model.test.near' }
  const image = { v: 1, name: 'tale', image: `sha256:${'00'.repeat(32)}`, command: [], env: {} }
  const paid = { models: ['ab'.repeat(32)], network, trustRoot: formatTrustRoot(root) }
  const of = (manifest: object) => anchorOf(new TextEncoder().encode(JSON.stringify(manifest)))
  const compose = (dcml: object) => of({ manifest_version: 2, name: 'tale', dcml: { v: 1, ...dcml } })

  test('is named by the environment of an image, and by the member dcml of an app-compose file', () => {
    const anchor = { networkId: 'localnet', contract: 'anchor.test.near' }
    const named = { anchor, root: parseTrustRoot(paid.trustRoot) }
    expect(of({ ...image, ...paid, env: { DCML_ANCHOR: 'anchor.test.near' } })).toEqual(named)
    expect(compose({ ...paid, anchor: 'anchor.test.near' })).toEqual(named)
  })

  test('is missing where either does not say it, or asks for no money', () => {
    const missing = expect.objectContaining({ code: 'anchor_missing' })
    expect(() => of({ ...image, ...paid })).toThrow(missing)
    expect(() => compose(paid)).toThrow(missing)
    expect(() => compose({ models: 'any', anchor: 'anchor.test.near' })).toThrow(missing)
    // what the host can reach does not count: neither the rest of the file nor the environment of this process
    expect(() => of({ manifest_version: 2, anchor: 'a.near', DCML_ANCHOR: 'a.near', dcml: { v: 1, ...paid } })).toThrow(
      missing,
    )
  })
})
