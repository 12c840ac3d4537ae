/**
 * What would NEAR do? A NEAR chain with one shard in this process: real gas, receipts, hashes and proofs, and over
 * that snapshots, time travel, faults and traces.
 * @packageDocumentation
 */
export { Chain } from './chain/chain.ts'
export type { Fault, FaultDecision, FaultMatch, Faults } from './chain/faults.ts'
export { type KeyPair, keyPairFromSecret, keyPairFromSeed } from './chain/keys.ts'
export type { ChainOptions, ChainSettings } from './chain/options.ts'
export { renderTrace } from './chain/render-trace.ts'
export type { StorageChange, Trace, TraceNode } from './chain/trace.ts'
export type {
  Block,
  BlockHeader,
  BlockRef,
  ChainControl,
  ChainProofs,
  ChainView,
  ChunkHeader,
  Mining,
  StoredOutcome,
  Validator,
  WaitUntil,
} from './chain/types.ts'
export { createDevchain, Devchain, type DevchainOptions, loadDevchain } from './devchain.ts'
export type { Params, ProtocolVersion } from './params/index.ts'
export { type RpcServer, type RpcServerOptions, serveRpc } from './rpc/index.ts'
export type { ExecutionOutcome, ExecutionStatus, StateChange } from './runtime/types.ts'
export { installLauncher, type Launcher } from './sandbox/launcher.ts'
export type { Account, Trie } from './state/index.ts'
export { type Args, type CallOptions, DevAccount, type SendOptions } from './testing/account.ts'
export { formatGasReport, type GasRow, gasReport } from './testing/gas-report.ts'
export type { TransactionResult } from './testing/result.ts'
export type { GasProfile } from './vm/index.ts'
export type { Receipt, ReceiptBody } from './wire/types.ts'
