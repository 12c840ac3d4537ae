import { concatBytes } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import type { CryptoHash } from '../transaction/types.ts'
import { formatHash, parseHash } from '../wire/hash.ts'

/** One sibling on the way from a leaf to the root, and the side it stands on. */
export interface MerklePathItem {
  readonly hash: CryptoHash
  readonly direction: 'Left' | 'Right'
}

/** Siblings from the leaf upwards. A node without a sibling moves up unchanged and leaves no item. */
export type MerklePath = readonly MerklePathItem[]

/** SHA-256 of two hashes: the inner node of every tree on NEAR, and the joint of block hashes. */
export const combineBytes = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(concatBytes(left, right))

/** {@link combineBytes} of hashes as text. */
export const combineHash = (left: CryptoHash, right: CryptoHash): CryptoHash =>
  formatHash(combineBytes(parseHash(left), parseHash(right)))

/** The root that a leaf and its path lead to. Leaves are hashes already. */
export function climb(leaf: CryptoHash, path: MerklePath): CryptoHash {
  const step = (node: Uint8Array, { hash, direction }: MerklePathItem): Uint8Array =>
    direction === 'Left' ? combineBytes(parseHash(hash), node) : combineBytes(node, parseHash(hash))
  return formatHash(path.reduce(step, parseHash(leaf)))
}
