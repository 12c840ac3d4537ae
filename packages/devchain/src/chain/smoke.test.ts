import { type Action, encodeTransaction, parseHash, transactionHash } from '@dcml/light-client'
import { expect, test } from 'vitest'
import { getAccount } from '../state/index.ts'
import { Chain } from './chain.ts'

export function signed(chain: Chain, signerId: string, receiverId: string, actions: Action[], nonce: bigint) {
  const key = chain.keyOf(signerId)
  const transaction = {
    version: 0 as const,
    signerId,
    publicKey: key.publicKey,
    nonce,
    receiverId,
    blockHash: chain.head.header.hash,
    actions,
  }
  const hash = transactionHash(transaction)
  return { transaction, hash, size: encodeTransaction(transaction).length, signature: key.sign(parseHash(hash)) }
}
test('smoke', () => {
  let t = performance.now()
  const chain = new Chain({ accounts: [{ accountId: 'bob.test.near', balance: 10n ** 24n }] })
  console.log('start ms', performance.now() - t)
  t = performance.now()
  for (let i = 1; i <= 200; i++) {
    const r = chain.submit(signed(chain, 'test.near', 'bob.test.near', [{ type: 'Transfer', deposit: 5n }], BigInt(i)))
    expect(r.error).toBe(null)
  }
  console.log('transfer ms', (performance.now() - t) / 200, chain.head.header.height)
  expect(getAccount(chain.head.result.trie, 'bob.test.near')?.amount).toBe(10n ** 24n + 1000n)
  t = performance.now()
  chain.fastForward(10000)
  console.log(
    'ff ms',
    performance.now() - t,
    chain.head.header.height,
    chain.head.epochHeight,
    chain.head.header.blockOrdinal,
  )
  t = performance.now()
  for (let i = 0; i < 500; i++) chain.mine()
  console.log('block ms', (performance.now() - t) / 500)
})
