/** Bytes this contract may take: 100,000 more than the default cost a call 0.1 Tgas of loading. */
export const BUDGET = 600_000
