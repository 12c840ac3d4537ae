import type { AccountId, Action, CryptoHash } from '@dcml/light-client'
import type { AccountContract } from '../state/types.ts'
import type { DataReceiver } from '../wire/types.ts'

export type PromiseResult =
  | { readonly type: 'NotReady' }
  | { readonly type: 'Successful'; readonly value: Uint8Array }
  | { readonly type: 'Failed' }

/** What one function call sees (nearcore `VMContext`). */
export interface VmContext {
  readonly chainId: string
  readonly currentAccountId: AccountId
  readonly signerAccountId: AccountId
  /** Borsh of the key. */
  readonly signerAccountPk: Uint8Array
  readonly predecessorAccountId: AccountId
  readonly refundToAccountId: AccountId
  readonly method: string
  readonly input: Uint8Array
  readonly promiseResults: readonly PromiseResult[]
  readonly blockHeight: bigint
  /** Nanoseconds. */
  readonly blockTimestamp: bigint
  readonly epochHeight: bigint
  /** Without the attached deposit; the VM adds it, as nearcore does. */
  readonly accountBalance: bigint
  readonly accountLockedBalance: bigint
  readonly storageUsage: bigint
  readonly accountContract: AccountContract
  readonly attachedDeposit: bigint
  readonly prepaidGas: bigint
  /** 32 bytes. */
  readonly randomSeed: Uint8Array
  /** Set in views: what a view may burn. */
  readonly view: { readonly maxGasBurnt: bigint } | null
  readonly outputDataReceivers: readonly AccountId[]
}

/** What a call reaches outside itself; the runtime implements it over one receiver's state. */
export interface VmExternal {
  storageGet(key: Uint8Array): Uint8Array | undefined
  storageSet(key: Uint8Array, value: Uint8Array): void
  storageRemove(key: Uint8Array): void
  /** Trie nodes charged for a write or removal of `key`. */
  trieNodes(key: Uint8Array): number
  /** The next data id of this call, 32 bytes. */
  generateDataId(): Uint8Array
  /** yoctoNEAR, or null for no validator. */
  validatorStake(accountId: AccountId): bigint | null
  validatorTotalStake(): bigint
  /** True if a yield with this data id waits for a resume (created in state or earlier in this call). */
  yieldExists(dataId: CryptoHash): boolean
  /** Maps a caller-chosen yield id (32 bytes) of this account to its data id, if pending. */
  yieldDataId(yieldId: Uint8Array): CryptoHash | null
  /** The function returned undoes, once, what was done here since: the call then starts over. */
  savepoint(): () => void
}

/** A receipt a call made; its id comes later, from its place among its siblings. */
export interface ReceiptDraft {
  readonly receiverId: AccountId
  refundTo: AccountId | null
  readonly inputDataIds: CryptoHash[]
  readonly outputDataReceivers: DataReceiver[]
  readonly actions: Action[]
  /** Yields are stored and wait; `yieldId` where the caller chose one. */
  readonly yield: { readonly dataId: CryptoHash; readonly yieldId: Uint8Array | null } | null
}

/** A resume a call sent to a yield. */
export interface ResumeDraft {
  readonly dataId: CryptoHash
  readonly payload: Uint8Array
}

export type ReturnData =
  | { readonly type: 'None' }
  | { readonly type: 'Value'; readonly value: Uint8Array }
  /** Index into {@link VmOutcome.receipts}: its result becomes this call's. */
  | { readonly type: 'Receipt'; readonly index: number }

/** How a call ended (nearcore `VMOutcome`); gas weights are already spread over {@link receipts}. */
export interface VmOutcome {
  /** Of the account after the call: deposit added, promises' deposits taken. */
  readonly balance: bigint
  readonly storageUsage: bigint
  readonly returnData: ReturnData
  readonly burntGas: bigint
  /** Burnt plus what promises took along. */
  readonly usedGas: bigint
  readonly logs: readonly string[]
  /** Burnt gas by what it was burnt for. */
  readonly profile: GasProfile
  readonly receipts: readonly ReceiptDraft[]
  readonly resumes: readonly ResumeDraft[]
  /** yoctoNEAR minted by the one-yocto rule. */
  readonly subsidized: bigint
  /** Why it failed, in nearcore's serde shape (`FunctionCallError`); null on success. */
  readonly aborted: FunctionCallError | null
  /** The same in Rust's Debug notation, which the text of a failed view is made of: `HostError(GasExceeded)`. */
  readonly abortedDebug: string | null
}

/** By cost name: wasm instructions under `wasm_instruction`, host costs and action fees by nearcore's names. */
export type GasProfile = ReadonlyMap<string, bigint>

/** nearcore's `FunctionCallError` as RPC shows it, e.g. `{ ExecutionError: 'Smart contract panicked: no' }`. */
export type FunctionCallError = { readonly [variant: string]: unknown }
