import { globalContractJson } from '../../wire/json/action.ts'
import { toBase64 } from '../../wire/json/scalars.ts'
import type { Receipt, ReceiptBody } from '../../wire/types.ts'
import { actionView } from './action.ts'

export const receiptView = ({ predecessorId, receiverId, receiptId, body }: Receipt) => ({
  predecessor_id: predecessorId,
  receiver_id: receiverId,
  receipt_id: receiptId,
  receipt: bodyView(body),
  priority: 0,
})

function bodyView(body: ReceiptBody): unknown {
  switch (body.type) {
    case 'Data':
    case 'PromiseResume':
      return {
        Data: {
          data_id: body.dataId,
          data: body.data && toBase64(body.data),
          is_promise_resume: body.type === 'PromiseResume',
        },
      }
    case 'GlobalContractDistribution':
      return {
        GlobalContractDistribution: {
          id: globalContractJson(body.id),
          target_shard: 0,
          already_delivered_shards: [],
          code: toBase64(body.code),
        },
      }
    default:
      return {
        Action: {
          signer_id: body.signerId,
          signer_public_key: body.signerPublicKey,
          gas_price: body.gasPrice.toString(),
          output_data_receivers: body.outputDataReceivers.map(({ dataId, receiverId }) => ({
            data_id: dataId,
            receiver_id: receiverId,
          })),
          input_data_ids: body.inputDataIds,
          actions: body.actions.map(actionView),
          is_promise_yield: body.type === 'PromiseYield',
          ...(body.refundTo != null && { refund_to: body.refundTo }),
        },
      }
  }
}
