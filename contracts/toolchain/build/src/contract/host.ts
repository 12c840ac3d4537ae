/**
 * The host, typed. Names follow near-sdk-js's `near.*`; from `chainId` on come the functions it lacks.
 * Amounts are yoctoNEAR, times nanoseconds, gas plain gas units, all bigint.
 */
type Bytes = Uint8Array

/** The functions of the engine's global `env` that this base calls. */
interface Env {
  read_register(id: number): Bytes | undefined
  register_len(id: number): bigint
  predecessor_account_id(register: number): undefined
  signer_account_id(register: number): undefined
  current_account_id(register: number): undefined
  chain_id(register: number): undefined
  block_index(): bigint
  block_timestamp(): bigint
  storage_usage(): bigint
  account_balance(): bigint
  attached_deposit(): bigint
  prepaid_gas(): bigint
  used_gas(): bigint
  random_seed(register: number): undefined
  sha256(of: Bytes, register: number): undefined
  keccak256(of: Bytes, register: number): undefined
  ed25519_verify(signature: Bytes, message: Bytes, publicKey: Bytes): bigint
  p256_verify(signature: Bytes, digest: Bytes, publicKey: Bytes): bigint
  input(register: number): void
  value_return(value: Bytes | string): void
  log_utf8(line: string): void
  storage_read(key: Bytes | string, register: number): bigint
  storage_write(key: Bytes | string, value: Bytes | string, register: number): bigint
  storage_remove(key: Bytes | string, register: number): bigint
  storage_has_key(key: Bytes | string): bigint
  promise_batch_create(account: string): bigint
  promise_batch_then(promise: bigint, account: string): bigint
  promise_and(...promises: bigint[]): bigint
  promise_batch_action_transfer(promise: bigint, amount: bigint): void
  promise_batch_action_function_call_weight(
    promise: bigint,
    method: string,
    args: string,
    amount: bigint,
    gas: bigint,
    weight: bigint,
  ): void
  promise_return(promise: bigint): void
  promise_results_count(): bigint
  promise_result(at: number, register: number): bigint
  promise_yield_create(method: string, args: string, gas: bigint, weight: bigint, register: number): bigint
  promise_yield_create_with_id(
    method: string,
    args: string,
    amount: bigint,
    gas: bigint,
    weight: bigint,
    id: Bytes,
  ): bigint
  promise_yield_resume(dataId: Bytes, payload: Bytes | string): bigint
  promise_yield_resume_with_yield_id(id: Bytes, payload: Bytes | string): bigint
  utf8_string_to_uint8array(text: string): Bytes
  uint8array_to_utf8_string(bytes: Bytes): string
  hex_to_bytes(hex: string): Bytes
  bytes_to_hex(bytes: Bytes): string
  base64_to_bytes(base64: string): Bytes
  bytes_to_base64(bytes: Bytes): string
}

declare global {
  /** Provided by `@dcml/contract-engine`; every call while a module loads throws. */
  const env: Env
}

/** What the host function just called left in register 0. */
const left = (_by: undefined): Bytes => env.read_register(0) as Bytes

/** Who called: the account of the receipt before this one. */
export const predecessorAccountId = (): string => decodeUtf8(left(env.predecessor_account_id(0)))
/** Whose key signed the transaction at the root. Never a proof of consent to this call. */
export const signerAccountId = (): string => decodeUtf8(left(env.signer_account_id(0)))
/** The contract's own account. */
export const currentAccountId = (): string => decodeUtf8(left(env.current_account_id(0)))
/** Height of the block this call runs in. */
export const blockHeight = (): bigint => env.block_index()
/** Nanoseconds since 1970, chosen by the block's producer within the protocol's bounds. */
export const blockTimestamp = (): bigint => env.block_timestamp()
/** Bytes the account takes in state; 1e19 yoctoNEAR of its balance are locked for each. */
export const storageUsage = (): bigint => env.storage_usage()
/** The contract's balance in yoctoNEAR, the attached deposit included. */
export const accountBalance = (): bigint => env.account_balance()
/** What came with this call, in yoctoNEAR. */
export const attachedDeposit = (): bigint => env.attached_deposit()
/** Gas attached to this call. */
export const prepaidGas = (): bigint => env.prepaid_gas()
/** Gas used so far, what promises took along included. */
export const usedGas = (): bigint => env.used_gas()
/** 32 bytes, the same for every call in one receipt; a block producer can choose to skip a block it dislikes. */
export const randomSeed = (): Bytes => left(env.random_seed(0))
/** 32 bytes. About 0.005 Tgas. */
export const sha256 = (of: Bytes): Bytes => left(env.sha256(of, 0))
/** 32 bytes, as Ethereum hashes. */
export const keccak256 = (of: Bytes): Bytes => left(env.keccak256(of, 0))

/** `mainnet`, `testnet`, ... (protocol 85 and later). */
export const chainId = (): string => decodeUtf8(left(env.chain_id(0)))

/** Ed25519: 64-byte signature, 32-byte key; other lengths abort the call. About 0.21 Tgas. */
export const ed25519Verify = (signature: Bytes, message: Bytes, publicKey: Bytes): boolean =>
  env.ed25519_verify(signature, message, publicKey) === 1n

/**
 * ECDSA over P-256 (protocol 86, NEP-635): 64-byte `r || s`, 32-byte digest, 33-byte compressed key; other lengths abort
 * the call. A high `s` passes, so a signature must never serve as an id. About 1.3 Tgas.
 */
export const p256Verify = (signature: Bytes, digest: Bytes, publicKey: Bytes): boolean =>
  env.p256_verify(signature, digest, publicKey) === 1n

/** @throws Error for half a surrogate pair */
export const encodeUtf8 = (text: string): Bytes => env.utf8_string_to_uint8array(text)
/** @throws Error for bytes that are not UTF-8 */
export const decodeUtf8 = (bytes: Bytes): string => env.uint8array_to_utf8_string(bytes)
/** @throws for an odd length or a character outside 0-9, a-f, A-F. */
export const hexToBytes = (hex: string): Bytes => env.hex_to_bytes(hex)
/** Lower case. */
export const bytesToHex = (bytes: Bytes): string => env.bytes_to_hex(bytes)
/** @throws Error for anything but padded base64 in its one spelling (RFC 4648 §4) */
export const base64ToBytes = (base64: string): Bytes => env.base64_to_bytes(base64)
/** With padding. */
export const bytesToBase64 = (bytes: Bytes): string => env.bytes_to_base64(bytes)
