// Receipts as bytes (nearcore `core/primitives/src/receipt.rs`). What a contract makes is written as version 2, with
// `refundTo` (`runtime/runtime/src/function_call.rs`); what transactions, delegates and refunds make as version 1.

import {
  type AccountId,
  accountIdLayout,
  actionsLayout,
  type CryptoHash,
  globalContractLayout,
  hashLayout,
  publicKeyLayout,
  union,
} from '@dcml/light-client'
import { bytes, decode, encode, type Layout, list, option, struct, u8, u64, u128 } from '@dcml/protocol'
import type { ActionReceipt, DataReceiver, GlobalContractDistribution, Receipt, ReceiptBody } from './types.ts'

const MANY = 2 ** 32 - 1
const SHARD = 0n

const receivers = list(struct<DataReceiver>({ dataId: hashLayout, receiverId: accountIdLayout }), MANY)
const dataIds = list(hashLayout, MANY)

type ActionReceipt1 = Omit<ActionReceipt, 'refundTo'>
type ActionReceipt2 = Required<ActionReceipt>

const head = { signerId: accountIdLayout, signerPublicKey: publicKeyLayout }
const tail = {
  gasPrice: u128,
  outputDataReceivers: receivers as Layout<readonly DataReceiver[]>,
  inputDataIds: dataIds as Layout<readonly CryptoHash[]>,
  actions: actionsLayout,
}
const action1 = struct<ActionReceipt1>({ ...head, ...tail })
const action2 = struct<ActionReceipt2>({ ...head, refundTo: option(accountIdLayout), ...tail })
const data = struct<{ dataId: CryptoHash; data: Uint8Array | null }>({ dataId: hashLayout, data: option(bytes(MANY)) })

type WireDistribution =
  | ({ readonly type: 'V1' } & Distribution)
  | ({ readonly type: 'V2'; readonly nonce: bigint } & Distribution)
interface Distribution extends Omit<GlobalContractDistribution, 'nonce'> {
  readonly targetShard: bigint
  readonly deliveredShards: readonly bigint[]
}
const distribution = {
  id: globalContractLayout,
  targetShard: u64,
  deliveredShards: list(u64, MANY) as Layout<readonly bigint[]>,
  code: bytes(MANY),
}
const wireDistribution = union<WireDistribution>('global contract distribution', {
  V1: [0, struct<Distribution>(distribution)],
  V2: [1, struct<Distribution & { nonce: bigint }>({ ...distribution, nonce: u64 })],
})

/** The devchain has one shard: a distribution is for it, and was delivered nowhere before. */
const distributionLayout: Layout<GlobalContractDistribution> = {
  write: ({ id, code, nonce = 0n }, out) =>
    wireDistribution.write({ type: 'V2', id, targetShard: SHARD, deliveredShards: [], code, nonce }, out),
  read(cursor) {
    const wire = wireDistribution.read(cursor)
    return { id: wire.id, code: wire.code, nonce: wire.type === 'V2' ? wire.nonce : 0n }
  },
}

type WireBody = Exclude<ReceiptBody, { type: 'Action' | 'PromiseYield' }> | WireAction
type WireAction =
  | ({ readonly type: 'Action1' } & ActionReceipt1)
  | ({ readonly type: 'PromiseYield1' } & ActionReceipt1)
  | ({ readonly type: 'Action2' } & ActionReceipt2)
  | ({ readonly type: 'PromiseYield2' } & ActionReceipt2)

const wireBody = union<WireBody>('receipt', {
  Action1: [0, action1],
  Data: [1, data],
  PromiseYield1: [2, action1],
  PromiseResume: [3, data],
  GlobalContractDistribution: [4, distributionLayout],
  Action2: [5, action2],
  PromiseYield2: [6, action2],
})

const bodyLayout: Layout<ReceiptBody> = {
  write(body, out) {
    if (body.type !== 'Action' && body.type !== 'PromiseYield') return wireBody.write(body, out)
    wireBody.write({ ...body, type: `${body.type}${body.refundTo === undefined ? 1 : 2}` } as WireAction, out)
  },
  read(cursor) {
    const body = wireBody.read(cursor)
    switch (body.type) {
      case 'Action1':
      case 'Action2':
        return { ...body, type: 'Action' }
      case 'PromiseYield1':
      case 'PromiseYield2':
        return { ...body, type: 'PromiseYield' }
      default:
        return body
    }
  },
}

/** A receipt, as it is hashed into receipt roots and kept in state. */
export const receiptLayout: Layout<Receipt> = struct<Receipt>({
  predecessorId: accountIdLayout as Layout<AccountId>,
  receiverId: accountIdLayout as Layout<AccountId>,
  receiptId: hashLayout,
  body: bodyLayout,
})

export const encodeReceipt = (receipt: Receipt): Uint8Array => encode(receiptLayout, receipt)
/** @throws DcmlError `borsh_invalid` on anything but the bytes of one receipt */
export const decodeReceipt = (input: Uint8Array): Receipt => decode(receiptLayout, input)

/** A receipt in a queue, with what it counts for in congestion (`StateStoredReceipt`). */
export interface StoredReceipt {
  readonly receipt: Receipt
  /** Gas it will need, and bytes it takes. */
  readonly congestionGas: bigint
  readonly congestionSize: bigint
}

/** No receipt starts with these: it starts with a length below 256. */
const STORED_TAG = 0xff
const stored = struct<StoredReceipt>({ receipt: receiptLayout, congestionGas: u64, congestionSize: u64 })

export const storedReceiptLayout: Layout<StoredReceipt> = {
  write(value, out) {
    for (const byte of [STORED_TAG, STORED_TAG, 1]) u8.write(byte, out)
    stored.write(value, out)
  },
  read(cursor) {
    if (cursor.bytes[cursor.offset] !== STORED_TAG)
      return { receipt: receiptLayout.read(cursor), congestionGas: 0n, congestionSize: 0n }
    for (let i = 0; i < 3; i++) u8.read(cursor)
    return stored.read(cursor)
  },
}
