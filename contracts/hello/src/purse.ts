/** Where the contract's money stands. What came in is always what is kept, held or gone: see the property test. */
export interface Purse {
  /** Earned; the owner may take it. */
  kept: bigint
  /** Paid for a question whose answer is still under way. */
  held: bigint
}

/** A payment for something done at once. */
export const earn = (purse: Purse, amount: bigint): Purse => ({ ...purse, kept: purse.kept + amount })

/** A payment for something that may still fail. */
export const hold = (purse: Purse, amount: bigint): Purse => ({ ...purse, held: purse.held + amount })

/** What was held is earned. */
export const settle = (purse: Purse, amount: bigint): Purse => earn(release(purse, amount), amount)

/** What was held leaves, back to whoever paid. @throws Error for more than is held. */
export function release(purse: Purse, amount: bigint): Purse {
  if (amount > purse.held) throw new Error('more than is held')
  return { ...purse, held: purse.held - amount }
}

/** Everything earned leaves. */
export const empty = (purse: Purse): { purse: Purse; paid: bigint } => ({
  purse: { ...purse, kept: 0n },
  paid: purse.kept,
})
