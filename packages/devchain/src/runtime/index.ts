/** What a block does to state: transactions, receipts, actions and views. */
export { applyChunk } from './apply.ts'
export { receiptValue } from './cost.ts'
export { verifyTransaction } from './verify/transaction.ts'
export { callView } from './view.ts'
