// Receipts as serde writes them in state records, both ways. RPC's views of receipts are in `rpc/views`.
import * as v from 'valibot'
import type { ActionReceipt, Receipt, ReceiptBody } from '../types.ts'
import { actionJson, globalContractJson } from './action.ts'
import { action, globalContract } from './parse-action.ts'
import { accountId, amount, base64, hash, publicKey, toBase64, u64, u64Json } from './scalars.ts'

const actionReceipt = v.pipe(
  v.object({
    signer_id: accountId,
    signer_public_key: publicKey,
    gas_price: amount,
    output_data_receivers: v.array(v.object({ data_id: hash, receiver_id: accountId })),
    input_data_ids: v.array(hash),
    actions: v.array(action),
  }),
  v.transform(
    (json): ActionReceipt => ({
      signerId: json.signer_id,
      signerPublicKey: json.signer_public_key,
      gasPrice: json.gas_price,
      outputDataReceivers: json.output_data_receivers.map(({ data_id, receiver_id }) => ({
        dataId: data_id,
        receiverId: receiver_id,
      })),
      inputDataIds: json.input_data_ids,
      actions: json.actions,
    }),
  ),
)
const refundTo = v.pipe(
  v.object({ refund_to: v.optional(v.nullable(accountId), null) }),
  v.transform(({ refund_to }) => ({ refundTo: refund_to })),
)
const actionReceipt2 = v.intersect([actionReceipt, refundTo])
const dataReceipt = v.pipe(
  v.object({ data_id: hash, data: v.optional(v.nullable(base64), null) }),
  v.transform(({ data_id, data }) => ({ dataId: data_id, data })),
)
const distribution = v.pipe(
  v.union([v.object({ V1: v.unknown() }), v.object({ V2: v.unknown() })]),
  v.transform((json) => ('V1' in json ? json.V1 : json.V2)),
  v.object({ id: globalContract, code: base64, nonce: v.optional(u64, 0) }),
)

const body: v.GenericSchema<unknown, ReceiptBody> = v.union([
  v.pipe(
    v.object({ Action: actionReceipt }),
    v.transform((json): ReceiptBody => ({ type: 'Action', ...json.Action })),
  ),
  v.pipe(
    v.object({ ActionV2: actionReceipt2 }),
    v.transform((json): ReceiptBody => ({ type: 'Action', ...json.ActionV2 })),
  ),
  v.pipe(
    v.object({ PromiseYield: actionReceipt }),
    v.transform((json): ReceiptBody => ({ type: 'PromiseYield', ...json.PromiseYield })),
  ),
  v.pipe(
    v.object({ PromiseYieldV2: actionReceipt2 }),
    v.transform((json): ReceiptBody => ({ type: 'PromiseYield', ...json.PromiseYieldV2 })),
  ),
  v.pipe(
    v.object({ Data: dataReceipt }),
    v.transform((json): ReceiptBody => ({ type: 'Data', ...json.Data })),
  ),
  v.pipe(
    v.object({ PromiseResume: dataReceipt }),
    v.transform((json): ReceiptBody => ({ type: 'PromiseResume', ...json.PromiseResume })),
  ),
  v.pipe(
    v.object({ GlobalContractDistribution: distribution }),
    v.transform((json): ReceiptBody => ({ type: 'GlobalContractDistribution', ...json.GlobalContractDistribution })),
  ),
])

/** A receipt as serde writes it. */
export const receipt = v.pipe(
  v.object({ predecessor_id: accountId, receiver_id: accountId, receipt_id: hash, receipt: body }),
  v.transform(
    (json): Receipt => ({
      predecessorId: json.predecessor_id,
      receiverId: json.receiver_id,
      receiptId: json.receipt_id,
      body: json.receipt,
    }),
  ),
)

export const receiptJson = ({ predecessorId, receiverId, receiptId, body }: Receipt): Record<string, unknown> => ({
  predecessor_id: predecessorId,
  receiver_id: receiverId,
  receipt_id: receiptId,
  receipt: bodyJson(body),
})

function bodyJson(body: ReceiptBody): Record<string, unknown> {
  switch (body.type) {
    case 'Data':
    case 'PromiseResume':
      return { [body.type]: { data_id: body.dataId, data: body.data && toBase64(body.data) } }
    case 'GlobalContractDistribution':
      return {
        GlobalContractDistribution: {
          V2: {
            id: globalContractJson(body.id),
            target_shard: 0,
            already_delivered_shards: [],
            code: toBase64(body.code),
            nonce: u64Json(body.nonce ?? 0n),
          },
        },
      }
    default:
      return { [body.refundTo === undefined ? body.type : `${body.type}V2`]: actionReceiptJson(body) }
  }
}

const actionReceiptJson = (receipt: ActionReceipt) => ({
  signer_id: receipt.signerId,
  signer_public_key: receipt.signerPublicKey,
  ...(receipt.refundTo !== undefined && { refund_to: receipt.refundTo }),
  gas_price: receipt.gasPrice.toString(),
  output_data_receivers: receipt.outputDataReceivers.map(({ dataId, receiverId }) => ({
    data_id: dataId,
    receiver_id: receiverId,
  })),
  input_data_ids: receipt.inputDataIds,
  actions: receipt.actions.map(actionJson),
})
