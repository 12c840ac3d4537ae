import { isAccountId, ZERO_HASH } from '@dcml/light-client'
import type { Params } from '../../params/types.ts'
import { encodeReceipt } from '../../wire/receipt.ts'
import type { NewReceipt } from '../chunk.ts'
import { validateActions } from './actions.ts'

/** nearcore's `ReceiptValidationError` in its serde shape. */
export type ReceiptValidationError = { readonly [variant: string]: unknown }

/** Rules for a receipt that an action just made; null if it keeps them. */
export function newReceiptError(params: Params, receipt: NewReceipt): ReceiptValidationError | null {
  const { limits } = params
  const invalid = accountError(receipt)
  if (invalid) return invalid
  const size = encodeReceipt({ ...receipt, receiptId: ZERO_HASH }).length
  if (size > limits.max_receipt_size) return { ReceiptSizeExceeded: { size, limit: limits.max_receipt_size } }
  const { body } = receipt
  switch (body.type) {
    case 'Action':
    case 'PromiseYield': {
      const inputs = body.inputDataIds.length
      const limit = limits.max_number_input_data_dependencies
      if (inputs > limit)
        return { NumberInputDataDependenciesExceeded: { number_of_input_data_dependencies: inputs, limit } }
      const error = validateActions(params, body.actions, receipt.receiverId)
      return error === null ? null : { ActionsValidation: error }
    }
    case 'Data':
    case 'PromiseResume': {
      const length = body.data?.length ?? 0
      const limit = limits.max_length_returned_data
      return length > limit ? { ReturnedValueLengthExceeded: { length, limit } } : null
    }
    case 'GlobalContractDistribution':
      return null
  }
}

/** Contracts name accounts as they like: an impossible name is refused before anything is written with it. */
function accountError({ predecessorId, receiverId, body }: NewReceipt): ReceiptValidationError | null {
  if (!isAccountId(predecessorId)) return { InvalidPredecessorId: { account_id: predecessorId } }
  if (!isAccountId(receiverId)) return { InvalidReceiverId: { account_id: receiverId } }
  const refundTo = 'refundTo' in body ? body.refundTo : null
  return refundTo == null || isAccountId(refundTo) ? null : { InvalidRefundTo: { account_id: refundTo } }
}
