/** The four amounts of a channel in yoctoNEAR, never mixed (see the README for which copy of each is true). */
export interface Amounts {
  /** What the payer has put into the contract. */
  readonly deposited: bigint
  /** What the best voucher allows to be spent. */
  readonly authorised: bigint
  /** What was delivered. */
  readonly spent: bigint
  /** What the contract paid to owner and host; null until the channel is closed on chain. */
  readonly settled: bigint | null
}

/** How a receipt names a channel: the id as u64 little endian, then 24 zero bytes; `NO_CHANNEL` is id 0. */
export function receiptChannelId(channelId: bigint): Uint8Array {
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setBigUint64(0, channelId, true)
  return bytes
}

const NS_PER_MS = 1_000_000n

/** Chain time (nanoseconds) of a clock's milliseconds. */
export const nanoseconds = (ms: number): bigint => BigInt(Math.trunc(ms)) * NS_PER_MS

export const smaller = (a: bigint, b: bigint): bigint => (b < a ? b : a)
export const larger = (a: bigint, b: bigint): bigint => (b > a ? b : a)
