// Errors travel over RPC as serde writes them: amounts as decimal strings, other integers as numbers.

/** A u64 as JSON has it; beyond 2^53 it stays a bigint, which the RPC server writes digit by digit. */
export const u64Json = (value: bigint): number | bigint =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value

/** yoctoNEAR as JSON has them. */
export const amountJson = (value: bigint): string => value.toString()
