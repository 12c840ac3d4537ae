// Receipts of a function call's promises, and who gets a receipt's result.
import type { AccountId, CryptoHash } from '@dcml/light-client'
import { pushYieldTimeout, setYieldId, setYieldStatus } from '../state/index.ts'
import type { ReceiptDraft, ResumeDraft, ReturnData } from '../vm/types.ts'
import type { ActionReceipt, DataReceiver, Receipt, ReceiptBody } from '../wire/types.ts'
import type { Chunk, NewReceipt } from './chunk.ts'
import { childReceiptId } from './ids.ts'

/** What a call on `accountId` sends, in nearcore's order: promises as they were made, then resumes. */
export const promiseReceipts = (
  accountId: AccountId,
  cause: ActionReceipt,
  receipts: readonly ReceiptDraft[],
  resumes: readonly ResumeDraft[],
): NewReceipt[] => [
  ...receipts.map(
    (draft): NewReceipt => ({
      predecessorId: accountId,
      receiverId: draft.receiverId,
      body: {
        type: draft.yield ? 'PromiseYield' : 'Action',
        signerId: cause.signerId,
        signerPublicKey: cause.signerPublicKey,
        refundTo: draft.refundTo,
        gasPrice: cause.gasPrice,
        outputDataReceivers: draft.outputDataReceivers,
        inputDataIds: draft.inputDataIds,
        actions: draft.actions,
      },
    }),
  ),
  ...resumes.map(
    ({ dataId, payload }): NewReceipt => ({
      predecessorId: accountId,
      receiverId: accountId,
      body: { type: 'PromiseResume', dataId, data: payload },
    }),
  ),
]

/** Keeps what a call yielded and resumed: its own later calls must know before any receipt arrives. */
export function noteYields(
  { state, context }: Chunk,
  accountId: AccountId,
  receipts: readonly ReceiptDraft[],
  resumes: readonly ResumeDraft[],
): void {
  const timeout = BigInt(context.height + context.params.limits.yield_timeout_length_in_blocks)
  for (const { yield: made } of receipts) {
    if (!made) continue
    setYieldStatus(state, accountId, made.dataId, 'Yielded')
    if (made.yieldId) setYieldId(state, accountId, made.yieldId, made.dataId)
    pushYieldTimeout(state, { accountId, dataId: made.dataId, expiresAt: timeout })
  }
  for (const { dataId } of resumes) setYieldStatus(state, accountId, dataId, 'ResumeInitiated')
}

/**
 * Hands a receipt's result on: to those waiting for it, or with all of them to the promise that was returned.
 * @param returned null where the receipt failed
 */
export function routeResult(
  accountId: AccountId,
  receivers: readonly DataReceiver[],
  returned: ReturnData | null,
  made: readonly NewReceipt[],
): readonly NewReceipt[] {
  if (receivers.length === 0) return made
  if (returned?.type === 'Receipt')
    return made.map((receipt, index) => (index === returned.index ? withReceivers(receipt, receivers) : receipt))
  const data = returned && (returned.type === 'Value' ? returned.value : new Uint8Array())
  return [
    ...made,
    ...receivers.map(
      ({ dataId, receiverId }): NewReceipt => ({
        predecessorId: accountId,
        receiverId,
        body: { type: 'Data', dataId, data },
      }),
    ),
  ]
}

function withReceivers(receipt: NewReceipt, receivers: readonly DataReceiver[]): NewReceipt {
  const { body } = receipt
  if (body.type !== 'Action' && body.type !== 'PromiseYield') throw new TypeError('Only calls return promises.')
  return { ...receipt, body: { ...body, outputDataReceivers: [...body.outputDataReceivers, ...receivers] } }
}

/** Names the receipts that `parent` made and sends them. Returns the ids an outcome lists: data has no outcome. */
export function sendChildren(chunk: Chunk, parent: Receipt, made: readonly NewReceipt[]): CryptoHash[] {
  const listed: CryptoHash[] = []
  for (const [index, receipt] of made.entries()) {
    const receiptId = childReceiptId(parent.receiptId, chunk.context.height, index)
    chunk.send({ ...receipt, receiptId }, parent.receiptId, isInstant(receipt.body) ? chunk.instant : chunk.outgoing)
    if (receipt.body.type === 'Action' || receipt.body.type === 'PromiseYield') listed.push(receiptId)
  }
  return listed
}

/** A yield must be stored before anything can resume it; an account must be gone before its name is used again. */
const isInstant = (body: ReceiptBody): boolean =>
  body.type === 'PromiseYield' ||
  (body.type === 'Action' &&
    body.inputDataIds.length === 0 &&
    body.actions.length === 1 &&
    body.actions[0]?.type === 'DeleteAccount')
