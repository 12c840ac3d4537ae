/**
 * The app's side of DCML in a browser: a verified `fetch` through a channel that is sealed to the enclave.
 * @packageDocumentation
 */
export { createClient } from './browser/create-client.ts'
export type { Client } from './client.ts'
export type { ClientOptions } from './options.ts'
export type { ChannelPayer } from './pay/channel.ts'
export type { CloseOptions, Closure } from './pay/closing.ts'
export type { AutoTopUp, Limits, OpenOptions, PayOptions, ResumeOptions } from './pay/options.ts'
export type { AmountsListener } from './pay/purse.ts'
export { type ChannelStore, memoryChannel } from './pay/store.ts'
export type {
  CallOptions,
  ChannelWallet,
  ModelTerms,
  ProviderTerms,
  ResponseEvidence,
  SentCall,
} from './pay/wallet.ts'
export type { Usage } from './receipts/check.ts'
export { parseReceipts } from './receipts/lines.ts'
export { ReceiptRefused } from './receipts/outcome.ts'
export { parseReceiptRecord, type ReceiptRecord } from './receipts/record.ts'
export { memoryReceipts, type ReceiptStore } from './receipts/store.ts'
export { type RecordVerdict, type VerifyRecordOptions, verifyReceiptRecord } from './receipts/verify.ts'
