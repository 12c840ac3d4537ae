/**
 * Did this happen on NEAR? Transactions, headers, execution proofs and events, judged without a network. Runs in
 * Node, browsers and enclaves.
 * @packageDocumentation
 */
export {
  blockHash,
  blockInnerHash,
  endorsementMessage,
  innerLiteHash,
  innerLiteLayout,
  nextBlockHash,
} from './block/hash.ts'
export { producersHash } from './block/producers.ts'
export { parseHeader, parseLightClientBlock, parseProducers } from './block/schema.ts'
export type { HeaderLite, InnerLite, LightClientBlock, ValidatorStake } from './block/types.ts'
export type { Catalogue, Check, CheckStatus, Verdict } from './check.ts'
export { advance, BLOCK_CHECKS, type BlockCheckName } from './client/advance.ts'
export { blockTime, checkFresh } from './client/fresh.ts'
export { type LightClientState, trustBlock } from './client/state.ts'
export { formatTrustRoot, parseTrustRoot } from './client/trust-root.ts'
export { parseExactJson } from './json/exact.ts'
export { appendLeaf, EMPTY_FRONTIER, frontierRoot, type MerkleFrontier } from './merkle/frontier.ts'
export { merklize } from './merkle/merklize.ts'
export { climb, combineBytes, combineHash, type MerklePath, type MerklePathItem } from './merkle/path.ts'
export { outcomeHashes, outcomeLeaf, shardLeaf } from './outcome/hash.ts'
export { type ExecutionProof, parseExecutionProof } from './outcome/schema.ts'
export type { Outcome, OutcomeStatus } from './outcome/types.ts'
export type { ProvenCall } from './proof/call.ts'
export { type ProvenEvent, type VerifyEventOptions, verifyEvent } from './proof/event.ts'
export { EVENT_CHECKS, type EventCheckName } from './proof/event-checks.ts'
export { type EventProof, MAX_OUTCOMES, parseEventProof } from './proof/event-proof.ts'
export { EXECUTION_CHECKS, type ProvenExecution, verifyExecution } from './proof/execution.ts'
export {
  LOG_CHECKS,
  type LogCheckName,
  type LogProof,
  type ProvenLog,
  parseLogProof,
  verifyLog,
} from './proof/log.ts'
export { type Nep297Event, parseNep297 } from './proof/nep297.ts'
export { accessKeyLayout } from './transaction/access-key.ts'
export { actionLayout, actionsLayout, delegateActionLayout, delegateActionV2Layout } from './transaction/actions.ts'
export {
  decodeSignedTransaction,
  encodeSignedTransaction,
  encodeTransaction,
  transactionHash,
  transactionLayout,
} from './transaction/codec.ts'
export {
  delegateActionBytes,
  delegateActionHash,
  delegateActionV2Bytes,
  delegateActionV2Hash,
} from './transaction/delegate.ts'
export { globalContractLayout, stateInitLayout } from './transaction/state-init.ts'
export type {
  AccessKey,
  AccessKeyPermission,
  AccountId,
  Action,
  CryptoHash,
  DelegateAction,
  DelegateActionV2,
  FunctionCallPermission,
  GasKeyInfo,
  GlobalContractIdentifier,
  PublicKey,
  Signature,
  SignedTransaction,
  StateInit,
  Transaction,
} from './transaction/types.ts'
export { accountIdLayout, isAccountId } from './wire/account-id.ts'
export { formatHash, hashLayout, hashOf, parseHash, ZERO_HASH } from './wire/hash.ts'
export {
  type Curve,
  formatPublicKey,
  formatSignature,
  type Keyed,
  parsePublicKey,
  parseSignature,
  publicKeyLayout,
  signatureLayout,
} from './wire/keys.ts'
export { names, union } from './wire/union.ts'
