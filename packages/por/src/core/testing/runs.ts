/** Cases of each property: a few thousand, or as many as `POR_RUNS` says. */
export const RUNS = Number(process.env.POR_RUNS ?? 2_000)
