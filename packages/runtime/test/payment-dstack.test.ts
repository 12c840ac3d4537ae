// A paid workload on dstack: the app-compose text names model, contract and trust root, and the agent's key seals its state.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { imageH } from '@dcml/attestation'
import { formatTrustRoot } from '@dcml/light-client'
import { toHex, utf8 } from '@dcml/protocol'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { collateralSource, dstackAgent } from '../src/index.ts'
import { dstackMachine, KEY_PROVIDER } from './dstack-machine.ts'
import { boot, MODEL_H, simulator } from './harness.ts'
import { costOf, errorOf, memoryDevice, NEAR, type PaidScene, servePaid, startScene } from './paid.ts'

let scene: PaidScene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene.stop())

const composeOf = (terms: object = {}): string =>
  JSON.stringify({
    manifest_version: 2,
    name: 'tale',
    runner: 'docker-compose',
    key_provider: 'local',
    key_provider_id: KEY_PROVIDER,
    dcml: {
      v: 1,
      models: [toHex(MODEL_H)],
      network: { networkId: scene.chain.settings.chainId, contract: scene.contract },
      trustRoot: formatTrustRoot(scene.root),
      ...terms,
    },
  })

/** What `dcml runtime serve --tee dstack` gives the runtime, and a device that no production enclave refuses. */
async function onDstack(appCompose: string, options: { appId?: string } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'dcml-dstack-'))
  const socket = join(folder, 'dstack.sock')
  const machine = await dstackMachine(socket, appCompose, options)
  onTestFinished(async () => {
    await machine[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })
  const tee = dstackAgent({ collateral: collateralSource('simulator', async () => simulator.collateral()), socket })
  return {
    tee,
    manifest: await tee.manifest(),
    environment: 'production' as const,
    provider: scene.bob.accountId,
    state: join(folder, 'state'),
    antiRollback: { ...memoryDevice(), environment: 'production' as const },
  }
}

test('is served for vouchers to clients that verified the app-compose text', async () => {
  const { state: folder, ...options } = await onDstack(composeOf())
  await using paid = await servePaid(scene, { ...options, folder })
  expect(paid.runtime.imageH).toEqual(imageH(utf8(composeOf())))
  const body = { prompt: 'count 3', max_tokens: 3 }
  const unpaid = await paid.complete(undefined, 0n, body)
  expect([unpaid.status, (await errorOf(unpaid)).code]).toEqual([402, 'payment_required'])
  const channel = await paid.open({ deposit: NEAR })
  const answer = await paid.complete(channel, costOf(100, 100), body)
  expect(await answer.json()).toMatchObject({ choices: [{ finish_reason: 'length' }] })
})

test('asks for a provider, a state folder and a device as every paid workload does', async () => {
  const all = await onDstack(composeOf())
  for (const [missing, code] of [
    ['provider', 'provider_missing'],
    ['state', 'state_folder_missing'],
    ['antiRollback', 'anti_rollback_missing'],
  ] as const) {
    const { [missing]: _, ...rest } = all
    await expect(boot(rest)).rejects.toMatchObject({ code })
  }
})

test('does not start where the owner of the app may let another compose file have its keys', async () => {
  const all = await onDstack(composeOf(), { appId: 'ab'.repeat(20) })
  await expect(boot(all)).rejects.toMatchObject({ code: 'sealing_unsupported' })
})

test('opens no other model than the one that its app-compose text names', async () => {
  const other = composeOf({ models: ['cd'.repeat(32)] })
  const { state: folder, ...options } = await onDstack(other)
  await expect(servePaid(scene, { ...options, folder })).rejects.toMatchObject({ code: 'model_refused' })
})
