import { MAX_HOPS } from '../wire/messages.ts'

/** How far a new measurement moves an edge’s average. */
const WEIGHT = 0.2

/**
 * What edges really take, from the hold reports that come with outcomes: an exponential average of ms per edge. Reports
 * are unsigned, so a hop can lie about itself and the next one; they choose routes and decide nothing else.
 */
export class HoldScores {
  readonly #average = new Map<bigint, number>()

  /**
   * Takes in what came with a response; a report that is not about the whole path says nothing.
   * @param holds ms that each node held the request, from the recipient back to the requester, or as many as fit
   */
  report(path: readonly bigint[], holds: readonly number[]): void {
    if (holds.length !== Math.min(path.length + 1, MAX_HOPS)) return
    // what the node before an edge waited and the one behind it did not, the edge took
    for (let at = 1; at < holds.length; at++) this.#take(path.at(-at)!, Math.max(0, holds[at]! - holds[at - 1]!))
  }

  /** ms there and back over an edge; 0 for one never measured. */
  readonly of = (edgeId: bigint): number => this.#average.get(edgeId) ?? 0

  #take(edge: bigint, ms: number): void {
    const last = this.#average.get(edge)
    this.#average.set(edge, last === undefined ? ms : last + WEIGHT * (ms - last))
  }
}
