import { concatBytes, DcmlError, equalBytes } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'

/** First byte of what is hashed for a leaf; {@link NODE_PREFIX} for an inner node (RFC 6962 §2.1). */
export const LEAF_PREFIX = 0x00
export const NODE_PREFIX = 0x01

/** SHA-256(0x00 || data): one leaf of the tree over a model's plaintext (RFC 6962 §2.1). */
export const leafHash = (data: Uint8Array): Uint8Array =>
  sha256.create().update(Uint8Array.of(LEAF_PREFIX)).update(data).digest()

const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  sha256(concatBytes(Uint8Array.of(NODE_PREFIX), left, right))

/** Computes a root from leaves that come one by one, in memory that grows with the depth of the tree only. */
export class MerkleAccumulator {
  /** Roots of the complete subtrees so far; entry `level` covers 2^level leaves. */
  readonly #subtrees: (Uint8Array | undefined)[] = []

  add(leaf: Uint8Array): void {
    let node = leaf
    let level = 0
    for (; this.#subtrees[level] !== undefined; level++) {
      node = nodeHash(this.#subtrees[level]!, node)
      this.#subtrees[level] = undefined
    }
    this.#subtrees[level] = node
  }

  /** @throws RangeError when there is no leaf */
  root(): Uint8Array {
    let root: Uint8Array | undefined
    for (const subtree of this.#subtrees)
      if (subtree !== undefined) root = root === undefined ? subtree : nodeHash(subtree, root)
    if (root === undefined) throw new RangeError('A tree needs at least one leaf')
    return root
  }
}

/** Root of the RFC 6962 tree over leaf hashes. */
export function merkleRoot(leaves: Iterable<Uint8Array>): Uint8Array {
  const tree = new MerkleAccumulator()
  for (const leaf of leaves) tree.add(leaf)
  return tree.root()
}

/**
 * Audit path of one leaf, from the leaf's sibling up (RFC 6962 §2.1.1): proves that a piece of plaintext belongs to
 * a model without showing the rest.
 * @throws DcmlError `proof_index_out_of_range`
 */
export function inclusionProof(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length)
    throw new DcmlError('proof_index_out_of_range', `There is no leaf ${index} of ${leaves.length}.`, {
      hint: 'Count leaves from 0.',
      details: { index, leaves: leaves.length },
    })
  const path: Uint8Array[] = []
  let [start, end] = [0, leaves.length]
  while (end - start > 1) {
    const middle = start + largestPowerOfTwoBelow(end - start)
    const inLeft = index < middle
    path.unshift(merkleRoot(inLeft ? leaves.slice(middle, end) : leaves.slice(start, middle)))
    if (inLeft) end = middle
    else start = middle
  }
  return path
}

export interface InclusionClaim {
  /** Hash of the leaf, see {@link leafHash}. */
  leaf: Uint8Array
  index: number
  /** Number of leaves of the whole tree. */
  count: number
  proof: readonly Uint8Array[]
  root: Uint8Array
}

/** True when `proof` leads from the leaf at `index` of a tree of `count` leaves to `root` (RFC 9162 §2.1.3.2). */
export function verifyInclusion({ leaf, index, count, proof, root }: InclusionClaim): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(count) || index < 0 || index >= count) return false
  let [position, last, node] = [index, count - 1, leaf]
  for (const sibling of proof) {
    if (last === 0 || sibling.length !== 32) return false
    if (position % 2 === 1 || position === last) {
      node = nodeHash(sibling, node)
      while (position % 2 === 0 && position !== 0) {
        position /= 2
        last = Math.floor(last / 2)
      }
    } else node = nodeHash(node, sibling)
    position = Math.floor(position / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && equalBytes(node, root)
}

function largestPowerOfTwoBelow(n: number): number {
  let power = 1
  while (power * 2 < n) power *= 2
  return power
}
