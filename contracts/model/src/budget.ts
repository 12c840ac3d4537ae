/** Bytes this contract may take. 100,000 more than the toolchain's default, which cost a call 0.1 Tgas of loading. */
export const BUDGET = 600_000
