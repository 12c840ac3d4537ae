import type { CryptoHash } from '../transaction/types.ts'
import { ZERO_HASH } from '../wire/hash.ts'
import { combineHash } from './path.ts'

/** Right edge of a growing tree: enough to add leaves and to know the root (nearcore's `PartialMerkleTree`). */
export interface MerkleFrontier {
  /** Number of leaves. */
  readonly size: number
  /** Roots of the complete subtrees, the widest first: one for each bit of `size` that is set. */
  readonly peaks: readonly CryptoHash[]
}

export const EMPTY_FRONTIER: MerkleFrontier = { size: 0, peaks: [] }

/** The frontier with one more leaf. The old one stays as it is: snapshots are references. */
export function appendLeaf({ size, peaks }: MerkleFrontier, leaf: CryptoHash): MerkleFrontier {
  let node = leaf
  let kept = peaks.length
  for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) node = combineHash(peaks[--kept]!, node)
  return { size: size + 1, peaks: [...peaks.slice(0, kept), node] }
}

/** Root of all leaves added so far; of none: 32 zero bytes. */
export const frontierRoot = ({ peaks }: MerkleFrontier): CryptoHash =>
  peaks.length === 0 ? ZERO_HASH : peaks.reduceRight((right, left) => combineHash(left, right))
