import type { MerklePath, SignedTransaction } from '@dcml/light-client'
import { outcomeView } from '../../chain/outcome-view.ts'
import type { StoredOutcome } from '../../chain/types.ts'
import { u64Json } from '../../wire/json/scalars.ts'
import { actionView } from './action.ts'

export const transactionView = ({ transaction, signature, hash }: SignedTransaction) => ({
  signer_id: transaction.signerId,
  public_key: transaction.publicKey,
  nonce: u64Json(transaction.nonce),
  ...(transaction.nonceIndex !== undefined && { nonce_index: transaction.nonceIndex }),
  receiver_id: transaction.receiverId,
  actions: transaction.actions.map(actionView),
  priority_fee: 0,
  signature,
  hash,
})

/** An outcome with its place in the block and the way from there to the outcome root. */
export const outcomeWithIdView = (
  { outcome, blockHash }: StoredOutcome,
  of: 'transaction' | 'receipt',
  proof: MerklePath,
) => ({
  proof,
  block_hash: blockHash,
  id: outcome.id,
  outcome: outcomeView(outcome, of),
})
