import { type Near, recallTransaction, type SignedBytes, sendTransaction } from '@dcml/near'
import { DcmlError } from '@dcml/protocol'
import { actions } from 'near-api-js'
import { TransactionExpiredError } from 'near-api-js/rpc-errors'
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

test('a transaction that expired never happened where its nonce is unused; else nobody can say', async () => {
  const lost = await killed(NEAR)
  const expired = async (method: string, params: unknown, options?: object): Promise<unknown> => {
    if (method !== 'send_tx') return scene.near.request(method, params, options)
    throw new DcmlError('near_transaction_refused', 'Expired', {
      hint: '-',
      cause: new TransactionExpiredError('hash', 'block'),
    })
  }
  const late: Near = { ...scene.near, request: expired }
  expect(await recallTransaction(late, { transaction: lost })).toBe(null)
  await transfer(scene.near, 1n)
  await transfer(scene.near, 1n)
  await expect(recallTransaction(late, { transaction: lost })).rejects.toMatchObject({ code: 'near_outcome_unknown' })
})
