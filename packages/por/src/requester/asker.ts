import type { NodeSigner, PorChain } from '@dcml/protocol/por'
import type { Ask, Outcome } from '../core/types.ts'
import type { Graph } from '../routes/graph.ts'
import type { HoldScores } from '../routes/scores.ts'

/** What a node gives to whoever asks through it: its view of the network, its key, and its machine. */
export interface Asker {
  /** Account of the node. */
  readonly account: string
  /** Kept up with the chain by the node. */
  readonly graph: Graph
  readonly chain: PorChain
  readonly signer: NodeSigner
  /** What edges were measured to take; without it their promises are believed. */
  readonly scores?: HoldScores
  /**
   * Sends a request, and settles with its one outcome. An aborted signal ends the waiting only: what was sent stays
   * under way, and is paid for.
   */
  ask(ask: Ask, on: { late(amount: bigint): void }, signal?: AbortSignal): Promise<Outcome>
  random(length: number): Uint8Array
}
