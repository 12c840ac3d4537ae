/**
 * The base our contracts stand on: near-sdk-js's decorators with its traps closed, typed host functions, values with
 * schemas. Runs inside the engine only; the schemas and types also in Node, for tests of pure logic.
 */
export { NearBindgen } from './contract/class.ts'
export { type EventSet, events } from './contract/event.ts'
export { type Deposit, oneYocto } from './contract/guard.ts'
export {
  accountBalance,
  attachedDeposit,
  base64ToBytes,
  blockHeight,
  blockTimestamp,
  bytesToBase64,
  bytesToHex,
  chainId,
  currentAccountId,
  decodeUtf8,
  ed25519Verify,
  encodeUtf8,
  hexToBytes,
  keccak256,
  p256Verify,
  predecessorAccountId,
  prepaidGas,
  randomSeed,
  sha256,
  signerAccountId,
  storageUsage,
  usedGas,
} from './contract/host.ts'
export { type Callback, call, callback, initialize, migrate, view } from './contract/method.ts'
export { nothing, type Outcome } from './contract/outcome.ts'
export { type Attached, promise, Sent, tgas } from './contract/promise.ts'
export { base64, hex } from './contract/schema/bytes.ts'
export { list, optional, record } from './contract/schema/composed.ts'
export { u8, u16, u32, u64, u128 } from './contract/schema/integer.ts'
export { accountId, choice, flag, text } from './contract/schema/plain.ts'
export type { Fields, Json, Schema, Value, Values } from './contract/schema/types.ts'
export { storageCost, storagePrice } from './contract/storage.ts'
export { type Table, table } from './contract/table.ts'
export { resume, resumeAs, suspend, suspendAs } from './contract/yield.ts'
