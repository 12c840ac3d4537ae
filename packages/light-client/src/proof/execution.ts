import { blockHash } from '../block/hash.ts'
import { type Catalogue, Checklist, demand, type Verdict } from '../check.ts'
import { climb } from '../merkle/path.ts'
import { outcomeLeaf, shardLeaf } from '../outcome/hash.ts'
import type { ExecutionProof } from '../outcome/schema.ts'
import type { Outcome } from '../outcome/types.ts'
import type { CryptoHash } from '../transaction/types.ts'

/** Every check of an execution proof, in order. A failed one is the error `proof_<name>`. */
export const EXECUTION_CHECKS = {
  outcome_root: {
    establishes: 'The outcome is under the outcome root of the header.',
    hint: 'The proof was damaged or forged. Ask another node.',
  },
  outcome_block: {
    establishes: 'The block named by the outcome is that of the header.',
    hint: 'The proof was damaged or forged. Ask another node.',
  },
  block_root: {
    establishes: 'The header is a block before the trusted head.',
    hint: 'Ask for the proof with the hash of the trusted head as light_client_head; the head may have to advance first.',
  },
} as const satisfies Catalogue<string>

/** What a verified execution proof says. */
export interface ProvenExecution {
  /** Transaction hash or receipt id. */
  readonly id: CryptoHash
  readonly outcome: Outcome
  /** The block that carries the outcome root: the one after the block that executed it, or a later one. */
  readonly block: { readonly hash: CryptoHash; readonly height: number; readonly timestamp: bigint }
}

/**
 * Proves that a transaction or receipt was executed with this outcome, in the chain below a trusted head.
 * What is proven is the outcome alone: not that what it started succeeded, and not what was called.
 * @param head of a state that `advance` or `parseTrustRoot` returned
 */
export function verifyExecution(
  proof: ExecutionProof,
  head: { readonly blockMerkleRoot: CryptoHash },
): Verdict<ProvenExecution> {
  const list = new Checklist('proof', EXECUTION_CHECKS)
  try {
    return list.accept(proveExecution(proof, head, list))
  } catch (error) {
    return list.refuse(error)
  }
}

/** The same within a longer list of checks. @throws Refusal */
export function proveExecution(
  { id, outcome, blockHash: named, outcomePath, shardPath, header, blockPath }: ExecutionProof,
  head: { readonly blockMerkleRoot: CryptoHash },
  list: { step<T>(name: keyof typeof EXECUTION_CHECKS, run: () => T): T },
): ProvenExecution {
  const { height, timestamp, outcomeRoot } = header.innerLite
  list.step('outcome_root', () => {
    const root = climb(shardLeaf(climb(outcomeLeaf(id, outcome), outcomePath)), shardPath)
    demand(root === outcomeRoot, () => `outcome ${id} leads to the root ${root}, the header has ${outcomeRoot}`)
  })
  const hash = blockHash(header)
  list.step('outcome_block', () => demand(hash === named, () => `the header is of block ${hash}, not of ${named}`))
  list.step('block_root', () => {
    const root = climb(hash, blockPath)
    demand(
      root === head.blockMerkleRoot,
      () => `block ${hash} leads to the root ${root}, the head has ${head.blockMerkleRoot}`,
    )
  })
  return { id, outcome, block: { hash, height, timestamp } }
}
