/** Where the contract's money stands. What came in is always what is kept, held or gone: see the property test. */
export interface Purse {
  /** Earned; the owner may take it. */
  readonly kept: bigint
  /** Paid for a question whose answer is still under way. */
  readonly held: bigint
}

/** A payment for something done at once. */
export const earn = ({ kept, held }: Purse, amount: bigint): Purse => ({ kept: kept + amount, held })

/** A payment for something that may still fail. */
export const hold = ({ kept, held }: Purse, amount: bigint): Purse => ({ kept, held: held + amount })

/** What was held leaves, back to whoever paid. @throws Error for more than is held */
export function release({ kept, held }: Purse, amount: bigint): Purse {
  if (amount > held) throw new Error('more than is held')
  return { kept, held: held - amount }
}

/** What was held is earned. @throws Error for more than is held */
export const settle = (purse: Purse, amount: bigint): Purse => earn(release(purse, amount), amount)

/** Everything earned leaves. */
export const withoutEarnings = ({ held }: Purse): Purse => ({ kept: 0n, held })
