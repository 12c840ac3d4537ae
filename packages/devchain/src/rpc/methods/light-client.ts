// Proofs for light clients; the chain builds them.

import type { CryptoHash } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import { accountId, hash } from '../../wire/json/scalars.ts'
import { handlerFault, internalFault } from '../fault.ts'
import { type Method, method } from '../method.ts'

/** nearcore's errors for the chain's. @param id of the transaction or receipt asked about, if any */
function proven<T>(build: () => T, id?: CryptoHash): T {
  try {
    return build()
  } catch (error) {
    if (!DcmlError.isInstance(error)) throw error
    switch (error.code) {
      case 'devchain_unknown_block':
        throw handlerFault('UNKNOWN_BLOCK', {}, `DB Not Found Error: ${error.message} \n Cause: Unknown`)
      case 'devchain_unknown_outcome':
        throw handlerFault(
          'UNKNOWN_TRANSACTION_OR_RECEIPT',
          { transaction_or_receipt_id: id },
          `either transaction ${id} or the receipt does not exist`,
        )
      case 'devchain_not_confirmed':
        throw handlerFault(
          'NOT_CONFIRMED',
          { transaction_or_receipt_id: id },
          `transaction or receipt ${id} is not confirmed`,
        )
      case 'devchain_inconsistent_head':
        throw internalFault(error.message)
      default:
        throw error
    }
  }
}

const next = method(
  v.object({ last_block_hash: hash }),
  // nearcore answers an empty object where there is nothing newer
  ({ chain }, { last_block_hash }) => proven(() => chain.nextLightClientBlock(last_block_hash)) ?? {},
  ([last_block_hash]) => ({ last_block_hash }),
)

const execution = method(
  v.variant('type', [
    v.object({
      type: v.literal('transaction'),
      transaction_hash: hash,
      sender_id: accountId,
      light_client_head: hash,
    }),
    v.object({ type: v.literal('receipt'), receipt_id: hash, receiver_id: accountId, light_client_head: hash }),
  ]),
  ({ chain }, params) => {
    const id = params.type === 'transaction' ? params.transaction_hash : params.receipt_id
    return proven(() => chain.executionProof(id, params.light_client_head), id)
  },
)

const block = method(
  v.object({ block_hash: hash, light_client_head: hash }),
  ({ chain }, { block_hash, light_client_head }) => proven(() => chain.blockProof(block_hash, light_client_head)),
)

export const lightClientMethods: Readonly<Record<string, Method>> = {
  next_light_client_block: next,
  light_client_proof: execution,
  EXPERIMENTAL_light_client_proof: execution,
  EXPERIMENTAL_light_client_block_proof: block,
}
