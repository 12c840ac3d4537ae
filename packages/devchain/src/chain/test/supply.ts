import { decode } from '@dcml/protocol'
import { receiptValue } from '../../runtime/index.ts'
import { column, gasKeyBalance, getAccount, splitTrieKey } from '../../state/index.ts'
import { decodeReceipt, storedReceiptLayout } from '../../wire/receipt.ts'
import type { Chain } from '../chain.ts'

/** All tokens there are: in accounts, in gas keys, and in receipts that wait or travel. */
export function countTokens(chain: Chain): bigint {
  const { trie, outgoing } = chain.head.result
  let total = outgoing.reduce((sum, receipt) => sum + receiptValue(chain.params, receipt), 0n)
  for (const [key] of trie.entries(Uint8Array.of(column.account))) {
    const accountId = splitTrieKey(key)?.account ?? ''
    const account = getAccount(trie, accountId)
    total += (account?.amount ?? 0n) + (account?.locked ?? 0n) + gasKeyBalance(trie, accountId)
  }
  for (const waiting of [column.postponedReceipt, column.yieldReceipt])
    for (const [, value] of trie.entries(Uint8Array.of(waiting)))
      total += receiptValue(chain.params, decodeReceipt(value))
  for (const [key, value] of trie.entries(Uint8Array.of(column.delayedReceipts)))
    if (key.length > 1) total += receiptValue(chain.params, decode(storedReceiptLayout, value).receipt)
  return total
}
