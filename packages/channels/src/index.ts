/**
 * Payment channels that an enclave enforces (paper §6): payer, enclave and watcher as state machines without I/O.
 * @packageDocumentation
 */
export { type Amounts, receiptChannelId } from './amounts.ts'
export type { AntiRollback, Mark, StateStore, StoredState } from './enclave/anti-rollback.ts'
export type { LedgerEntry, Released } from './enclave/books.ts'
export { EnclaveLedger, type LedgerOptions } from './enclave/ledger.ts'
export type { Allowance, Demand, Granted, RequestDemand } from './enclave/meter.ts'
export type { ApprovalFacts } from './enclave/records.ts'
export type { EnclaveIdentity } from './enclave/state.ts'
export {
  type ChannelTerms,
  type Closed,
  type CloseStarted,
  type ContractEvent,
  EVENTS,
  factOf,
  type Opened,
  type ProvenFact,
  readClosed,
  readCloseStarted,
  readOpened,
  readOpenedOrTold,
  readToppedUp,
  STANDARD,
  type ToppedUp,
} from './facts.ts'
export { type ClosingStep, closeStarted, closingStep, settlePayer, stopPaying, takeApproval } from './payer/closing.ts'
export { exportPayer, importPayer } from './payer/file.ts'
export {
  allow,
  type Closing,
  ceilingOf,
  type Heard,
  type OpeningWanted,
  openPayer,
  type Payer,
  type PayerPolicy,
  pay,
  payerAmounts,
  topUpPayer,
} from './payer/payer.ts'
export { abandonRequest, beginRequest, dropRequest, type ReceiptContext, takeReceipt } from './payer/receipts.ts'
export { type CloseArguments, closeArguments } from './submission.ts'
export { type Alarm, decide, type Task, type WatcherDecision } from './watcher/tasks.ts'
export {
  approved,
  attempted,
  disapproved,
  type EventPage,
  observe,
  type Place,
  resumeFrom,
  startWatcher,
  type WatchedChannel,
  type Watcher,
  type WatcherOptions,
} from './watcher/watcher.ts'
export {
  ALLOWANCE_HEADER,
  type ApprovalAnswer,
  type BlockBundle,
  type Bundle,
  type ChallengeAnswer,
  type ChannelAmounts,
  type ClosureQuestion,
  demandComment,
  demandDetails,
  firstLeg,
  formatWire,
  MAX_BUNDLE_BLOCKS,
  MAX_BUNDLE_BYTES,
  PAYMENT_CALLS,
  readDemandComment,
  readWire,
  VOUCHER_HEADER,
  type VoucherMessage,
  wire,
} from './wire.ts'
