// An enclave that has slept for many epochs, or was started long after its image was made: the way from its light client's
// root to a new opening is longer than one bundle.
import { development } from '@dcml/attestation'
import { createClient } from '@dcml/client'
import { accountFromKey } from '@dcml/near'
import { model, modelWallet } from '@dcml/near/model'
import { expect, onTestFinished, test } from 'vitest'
import { simulator } from './harness.ts'
import { costOf, errorOf, NEAR, servePaid, startScene } from './paid.ts'

const EPOCHS = 135
const BLOCK_MS = 2_000

test('long-stop: a payer takes an enclave over more epochs than one bundle holds, and pays', async () => {
  // by the time of the blocks; everybody else's clock is right
  let behind = EPOCHS * 4 * BLOCK_MS
  const scene = await startScene('model', { clock: () => Date.now() - behind, epochLength: 4 })
  onTestFinished(() => scene.stop())
  await using paid = await servePaid(scene)
  const owner = scene.chain.account('charlie.test.near')
  await model(scene.near, scene.contract).set_images(
    { image_hs: [paid.runtime.imageH] },
    { account: accountFromKey(owner.accountId, owner.key.secretKey) },
  )
  const started = await paid.head()
  for (let block = 0; block < EPOCHS * 4; block++) {
    behind -= BLOCK_MS
    scene.chain.mine(1)
  }
  // what no payer should meet: too much at once is refused by name
  const { bundle } = await paid.open({ establish: false })
  expect(bundle.blocks.length).toBeGreaterThan(128)
  const refused = await paid.call('/dcml/v1/establish-payment-channel', JSON.stringify(bundle))
  expect([refused.status, (await errorOf(refused)).code]).toEqual([400, 'request_invalid'])

  const client = createClient({ endpoint: paid.runtime.url, policy: development(), roots: [simulator.rootDer] })
  onTestFinished(() => client.close())
  const { accountId, key } = scene.alice
  const account = accountFromKey(accountId, key.secretKey)
  const wallet = modelWallet({ near: scene.near, account, contract: scene.contract })
  const limits = { perRequestLimit: costOf(100, 100), deposit: NEAR }
  const payer = await client.pay({ wallet, provider: scene.bob.accountId, ...limits })
  expect((await paid.head()).head.innerLite.height).toBeGreaterThan(started.head.innerLite.height + EPOCHS * 4)
  const response = await client.fetch('/v1/completions', {
    method: 'POST',
    body: JSON.stringify({ prompt: 'count 5', max_tokens: 5 }),
  })
  expect(response.status).toBe(200)
  await response.text()
  expect(payer.amounts()).toMatchObject({ spent: costOf(2, 5) })
})
