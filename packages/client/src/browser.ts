/**
 * The app's side of DCML in a browser: a verified `fetch` through a channel that is sealed to the enclave.
 * @packageDocumentation
 */

export { parseReceipts } from './receipts/lines.ts'
export { ReceiptRefused } from './receipts/outcome.ts'
export { parseReceiptRecord, type ReceiptRecord } from './receipts/record.ts'
export { memoryReceipts, type ReceiptStore } from './receipts/store.ts'
export { type RecordVerdict, type VerifyRecordOptions, verifyReceiptRecord } from './receipts/verify.ts'
