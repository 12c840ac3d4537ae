/**
 * The app's side of DCML: a verified `fetch` that checks the enclave before anything is sent, and every answer by its
 * receipt.
 * @packageDocumentation
 */
export type { Client } from './client.ts'
export { createClient } from './node/create-client.ts'
export { createPorClient, type PorClientOptions } from './node/create-por-client.ts'
export { fileChannel } from './node/file-channel.ts'
export { type FileReceiptsOptions, fileReceipts } from './node/file-receipts.ts'
export type { ClientOptions } from './options.ts'
export { type OpenCarriedOptions, openCarried, type ResumeCarriedOptions, resumeCarried } from './pay/carried.ts'
export { type ExportOptions, exportChannel, importChannel } from './pay/carry.ts'
export type { ChannelPayer } from './pay/channel.ts'
export type { CloseOptions, Closure } from './pay/closing.ts'
export type { AutoTopUp, Limits, OpenOptions, PayOptions, ResumeOptions } from './pay/options.ts'
export type { AmountsListener } from './pay/purse.ts'
export { type ChannelStore, memoryChannel } from './pay/store.ts'
export { type ChannelSummary, describeChannel } from './pay/summary.ts'
export type {
  CallOptions,
  ChannelWallet,
  ModelTerms,
  ProviderTerms,
  ResponseEvidence,
  SentCall,
} from './pay/wallet.ts'
export { closeOverPor, type PorCloseOptions, type PorClosure } from './por/close.ts'
export type { PorCallOptions, PorReply, PorRequester, PorTerms } from './por/requester.ts'
export {
  type SealedAnswer,
  type SealedAsk,
  type SealedOptions,
  type SealedRequest,
  sealedRequest,
} from './por/sealed.ts'
export type { PorRoute } from './por/transport.ts'
export type { Usage } from './receipts/check.ts'
export { ReceiptRefused } from './receipts/outcome.ts'
export { parseReceiptRecord, type ReceiptRecord } from './receipts/record.ts'
export { memoryReceipts, type ReceiptStore } from './receipts/store.ts'
export { type RecordVerdict, type VerifyRecordOptions, verifyReceiptRecord } from './receipts/verify.ts'
