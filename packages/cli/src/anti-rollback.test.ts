import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keyRelease } from '@dcml/attestation'
import { createSimulator } from '@dcml/tee-simulator'
import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { openDevice } from './anti-rollback.ts'

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
