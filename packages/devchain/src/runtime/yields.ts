import { dropYieldTimeout, getYieldReceipt, peekYieldTimeout } from '../state/index.ts'
import type { Chunk } from './chunk.ts'
import { timeoutReceiptId } from './ids.ts'

/** Sends a failed resume to every yield whose time is over; it arrives in the next block. */
export function expireYields(chunk: Chunk): void {
  const { state, context } = chunk
  let resumed = 0
  while (!chunk.isFull) {
    const timeout = peekYieldTimeout(state)
    if (!timeout || timeout.expiresAt > BigInt(context.height)) return
    const { accountId, dataId } = timeout
    if (getYieldReceipt(state, accountId, dataId)) {
      const receipt = {
        predecessorId: accountId,
        receiverId: accountId,
        receiptId: timeoutReceiptId(dataId, context.height, resumed++),
        body: { type: 'PromiseResume', dataId, data: null },
      } as const
      chunk.send(receipt, null, chunk.outgoing)
    }
    dropYieldTimeout(state)
    chunk.commit({ type: 'updated_delayed_receipts' })
  }
}
