/** What a block does to state: transactions, receipts, actions and views. */
export { accountType, deterministicAccountId, isImplicit } from './account-id.ts'
export { applyChunk } from './apply.ts'
export { receiptValue, type TransactionCost, transactionCost } from './cost.ts'
export { verifyTransaction } from './verify/transaction.ts'
export { callView, type ViewCall, type ViewContext, type ViewResult } from './view.ts'
