/**
 * The base our contracts stand on: near-sdk-js's decorators with its traps closed, typed host functions, values with
 * schemas. Runs inside the engine only; the schemas and types also in Node, for tests of pure logic.
 */
export { NearBindgen } from './contract/class.ts'
export type { Json } from './contract/codec.ts'
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
export {
  accountId,
  base64,
  choice,
  type Fields,
  flag,
  hex,
  list,
  optional,
  record,
  type Schema,
  text,
  u8,
  u16,
  u32,
  u64,
  u128,
  type Value,
  type Values,
} from './contract/schema.ts'
export { type Table, table } from './contract/table.ts'
export { resume, resumeAs, suspend, suspendAs } from './contract/yield.ts'
