/**
 * The app's side of DCML: a verified `fetch` that checks the enclave before anything is sent, and every answer by its
 * receipt.
 * @packageDocumentation
 */
export type { Client } from './client.ts'
export { createClient } from './node/create-client.ts'
export { type FileReceiptsOptions, fileReceipts } from './node/file-receipts.ts'
export type { ClientOptions } from './options.ts'
export type { Usage } from './receipts/check.ts'
export { ReceiptRefused } from './receipts/outcome.ts'
export { parseReceiptRecord, type ReceiptRecord } from './receipts/record.ts'
export { memoryReceipts, type ReceiptStore } from './receipts/store.ts'
export { type RecordVerdict, type VerifyRecordOptions, verifyReceiptRecord } from './receipts/verify.ts'
