/**
 * How do I read and call the contracts? Typed clients over near-api-js, amounts, retries that are safe to repeat, and
 * proofs from any RPC node.
 * @packageDocumentation
 */
export { formatAmount, parseAmount } from '@dcml/protocol'
export { accountFromKey, type NearAccount } from './account.ts'
export { type AnchorRequest, anchorRelay } from './anchor.ts'
export { type At, type Attempt, type Cancellable, connectNear, type Near, type NearOptions } from './connection.ts'
export { type Abi, type AbiFunction, type JsonSchema, parseAbi } from './contract/abi.ts'
export {
  type Called,
  type CallOptions,
  type ContractClient,
  type ContractType,
  contractType,
  tgas,
} from './contract/contract.ts'
export { generateClient } from './contract/generate.ts'
export { type NearEvent, parseEvents } from './event.ts'
export { type EventPage, type EventQuery, type PlacedEvent, readEvents } from './events.ts'
export { fetchLogProof, type LogProofBundle, type ProveLogOptions } from './log-proof.ts'
export { fetchProof, followHead, type ProofBundle, type ProveOptions } from './proofs.ts'
export { recallTransaction } from './recall.ts'
export {
  type SendOptions,
  type Sent,
  type SignedBytes,
  sendTransaction,
  type TransactionOutcome,
  transactionOutcome,
  type WaitUntil,
} from './transaction.ts'
export { fetchTrustRoot } from './trust-root.ts'
export { type Viewed, type ViewOptions, viewContract } from './view.ts'
