// A light client beside the chain: it believes genesis, and everything else only after @dcml/light-client agreed.
import {
  advance,
  blockHash,
  type LightClientState,
  parseExecutionProof,
  parseLightClientBlock,
  verifyExecution,
} from '@dcml/light-client'
import type { Chain } from '../chain.ts'
import { innerLite } from '../header.ts'

/** The client's state before its first step. */
export function trustGenesis(chain: Chain): LightClientState {
  const { header } = chain.genesis
  const head = { innerLite: innerLite(header), innerRestHash: header.innerRestHash, prevBlockHash: header.prevHash }
  const producers = chain.blockProducers(header.epochId) ?? []
  return { head, headHash: blockHash(head), producers, nextProducers: producers }
}

/** Steps as far as the chain lets it. @throws the first failed check */
export async function follow(chain: Chain, state: LightClientState): Promise<LightClientState> {
  for (;;) {
    const json = chain.nextLightClientBlock(state.headHash)
    if (json === null) return state
    const verdict = await advance(state, parseLightClientBlock(json as never))
    if (!verdict.ok) throw verdict.error
    state = verdict.state
  }
}

/** Verifies the proof of everything executed since `height`, and says how much that was. @throws the first failed check */
export function verifyOutcomes(chain: Chain, state: LightClientState, height = 0): number {
  let count = 0
  for (const block of chain.blocks())
    for (const outcome of block.result.outcomes) {
      if (block.header.height <= height) continue
      const proof = parseExecutionProof(chain.executionProof(outcome.id, state.headHash) as never)
      const verdict = verifyExecution(proof, state.head.innerLite)
      if (!verdict.ok) throw verdict.error
      count++
    }
  return count
}
