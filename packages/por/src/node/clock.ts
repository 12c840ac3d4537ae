/**
 * Milliseconds on one node's own clock: whole, never backwards, and going on where it was after a restart, by the time
 * that passed meanwhile. Nobody else's clock is compared with it (§1).
 * @param last reading that was stored last @param wall ms since 1970 @param steady ms that only rise
 */
export function nodeClock(last: number, wall = Date.now, steady = () => performance.now()): () => number {
  const start = Math.max(last, wall()) - steady()
  return () => Math.floor(start + steady())
}
