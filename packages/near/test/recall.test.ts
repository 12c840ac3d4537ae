import { type Near, recallTransaction, type SignedBytes, sendTransaction } from '@dcml/near'
import { actions } from 'near-api-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ModelScene, NEAR, startModel } from './model-scene.ts'
import { asNear } from './scene.ts'

let scene: ModelScene
beforeAll(async () => {
  scene = await startModel()
})
afterAll(() => scene.stop())

const transfer = (near: Near, amount: bigint, onSigned?: (signed: SignedBytes) => void) =>
  sendTransaction(near, {
    account: asNear(scene.alice),
    receiverId: scene.bob.accountId,
    actions: [actions.transfer(amount)],
    ...(onSigned && { onSigned }),
  })

/** Signs a transfer and is killed before it is sent. */
async function killed(amount: bigint): Promise<Uint8Array> {
  let kept: Uint8Array | undefined
  const attempt = transfer(scene.near, amount, ({ transaction }) => {
    kept = transaction
    throw new Error('killed')
  })
  await expect(attempt).rejects.toThrow('killed')
  return kept!
}

test('signed bytes that never left happen when they are recalled, and once', async () => {
  const before = scene.bob.balance
  const transaction = await killed(NEAR)
  const first = await recallTransaction(scene.near, { transaction })
  const again = await recallTransaction(scene.near, { transaction })
  expect(first).toMatchObject({ transaction, signerId: scene.alice.accountId })
  expect(again?.hash).toBe(first?.hash)
  expect(scene.bob.balance - before).toBe(NEAR)
})

test('bytes whose nonce went to another transaction never happened', async () => {
  const transaction = await killed(NEAR)
  await transfer(scene.near, 1n)
  await transfer(scene.near, 1n)
  const before = scene.bob.balance
  expect(await recallTransaction(scene.near, { transaction })).toBe(null)
  expect(scene.bob.balance).toBe(before)
})

test('a transaction that failed is null, and one that happened is told with its events', async () => {
  const poor = await killed(10_000_000n * NEAR)
  expect(await recallTransaction(scene.near, { transaction: poor })).toBe(null)
  const sent = await transfer(scene.near, 1n)
  expect(await recallTransaction(scene.near, sent)).toMatchObject({ hash: sent.hash, events: [] })
})
