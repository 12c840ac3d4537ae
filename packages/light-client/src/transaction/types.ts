// What a NEAR transaction says (nearcore `core/primitives/src/{transaction,action}`). Ids, keys and signatures are the
// strings NEAR shows its users; borsh turns them into bytes at the edge.

/** 2 to 64 characters, lower case. */
export type AccountId = string
/** Base58 of 32 bytes: hashes and ids of transactions, receipts, data, blocks, epochs and code. */
export type CryptoHash = string
/** `ed25519:`, `secp256k1:` or `ml-dsa-65:` and base58. */
export type PublicKey = string
/** Like {@link PublicKey}, of the signature. */
export type Signature = string

export interface FunctionCallPermission {
  /** yoctoNEAR the key may still spend on gas; `null` is no limit. */
  readonly allowance: bigint | null
  readonly receiverId: AccountId
  /** Empty allows every method. */
  readonly methodNames: readonly string[]
}

export interface GasKeyInfo {
  /** Prepaid for gas, yoctoNEAR. */
  readonly balance: bigint
  readonly numNonces: number
}

export type AccessKeyPermission =
  | ({ readonly type: 'FunctionCall' } & FunctionCallPermission)
  | { readonly type: 'FullAccess' }
  | ({ readonly type: 'GasKeyFunctionCall'; readonly gasKey: GasKeyInfo } & FunctionCallPermission)
  | { readonly type: 'GasKeyFullAccess'; readonly gasKey: GasKeyInfo }

export interface AccessKey {
  readonly nonce: bigint
  readonly permission: AccessKeyPermission
}

/** A contract deployed once for everybody (NEP-591): frozen under its hash, or renewable under its account. */
export type GlobalContractIdentifier =
  | { readonly type: 'CodeHash'; readonly codeHash: CryptoHash }
  | { readonly type: 'AccountId'; readonly accountId: AccountId }

/** What a deterministic account (`0s…`, NEP-616) is derived from. */
export interface StateInit {
  readonly code: GlobalContractIdentifier
  /** Sorted by key, no key twice. */
  readonly data: readonly (readonly [key: Uint8Array, value: Uint8Array])[]
}

/** NEP-366: what its signer lets a relayer send and pay for. */
export interface DelegateAction {
  readonly senderId: AccountId
  readonly receiverId: AccountId
  /** Any action but another delegate. */
  readonly actions: readonly Action[]
  readonly nonce: bigint
  readonly maxBlockHeight: bigint
  readonly publicKey: PublicKey
}

/** NEP-611: a {@link DelegateAction} that may use a nonce of a gas key. */
export interface DelegateActionV2 extends DelegateAction {
  /** Which nonce of the gas key `publicKey`; absent for every other key. */
  readonly nonceIndex?: number
}

/** Amounts in yoctoNEAR, gas in gas units. */
export type Action =
  | { readonly type: 'CreateAccount' }
  | { readonly type: 'DeployContract'; readonly code: Uint8Array }
  | {
      readonly type: 'FunctionCall'
      readonly methodName: string
      readonly args: Uint8Array
      readonly gas: bigint
      readonly deposit: bigint
    }
  | { readonly type: 'Transfer'; readonly deposit: bigint }
  | { readonly type: 'Stake'; readonly stake: bigint; readonly publicKey: PublicKey }
  | { readonly type: 'AddKey'; readonly publicKey: PublicKey; readonly accessKey: AccessKey }
  | { readonly type: 'DeleteKey'; readonly publicKey: PublicKey }
  | { readonly type: 'DeleteAccount'; readonly beneficiaryId: AccountId }
  | { readonly type: 'Delegate'; readonly delegateAction: DelegateAction; readonly signature: Signature }
  | { readonly type: 'DeployGlobalContract'; readonly code: Uint8Array; readonly mode: 'CodeHash' | 'AccountId' }
  | { readonly type: 'UseGlobalContract'; readonly contract: GlobalContractIdentifier }
  | { readonly type: 'DeterministicStateInit'; readonly stateInit: StateInit; readonly deposit: bigint }
  | { readonly type: 'TransferToGasKey'; readonly publicKey: PublicKey; readonly deposit: bigint }
  | { readonly type: 'WithdrawFromGasKey'; readonly publicKey: PublicKey; readonly amount: bigint }
  | { readonly type: 'DelegateV2'; readonly delegateAction: DelegateActionV2; readonly signature: Signature }

export interface Transaction {
  /** Wire format: 0 has no tag, 1 adds gas-key nonces and the nonce mode. */
  readonly version: 0 | 1
  readonly signerId: AccountId
  readonly publicKey: PublicKey
  readonly nonce: bigint
  /** Which nonce of a gas key; only in version 1. */
  readonly nonceIndex?: number
  /** `Strict` accepts only the very next nonce; only in version 1. */
  readonly nonceMode?: 'Monotonic' | 'Strict'
  readonly receiverId: AccountId
  /** A recent block: the transaction expires with it. */
  readonly blockHash: CryptoHash
  readonly actions: readonly Action[]
}

export interface SignedTransaction {
  readonly transaction: Transaction
  readonly signature: Signature
  /** SHA-256 of the unsigned borsh: the transaction's id and what was signed. */
  readonly hash: CryptoHash
  /** Bytes of the unsigned borsh. */
  readonly size: number
}
