/** What one token costs, in yoctoNEAR, fixed when a channel opens (paper §6: the owner's cost and the host's extra). */
export interface Prices {
  /** For the owner, per prompt token. */
  readonly ownerInput: bigint
  /** For the owner, per completion token. */
  readonly ownerOutput: bigint
  /** For the host, per prompt token. */
  readonly hostInput: bigint
  /** For the host, per completion token. */
  readonly hostOutput: bigint
}

/** Tokens delivered on a channel so far. */
export interface TokenCounts {
  readonly promptTokens: bigint
  readonly completionTokens: bigint
}

/** Who earned how much of what was spent; `owner + host = spent`, in yoctoNEAR. */
export interface Shares {
  readonly owner: bigint
  readonly host: bigint
  readonly spent: bigint
}

/** The shares that so many tokens at these prices make, exact to the yocto. */
export function sharesOf(prices: Prices, { promptTokens, completionTokens }: TokenCounts): Shares {
  const owner = promptTokens * prices.ownerInput + completionTokens * prices.ownerOutput
  const host = promptTokens * prices.hostInput + completionTokens * prices.hostOutput
  return { owner, host, spent: owner + host }
}
