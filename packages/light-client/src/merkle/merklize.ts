import type { CryptoHash } from '../transaction/types.ts'
import { ZERO_HASH } from '../wire/hash.ts'
import { combineHash, type MerklePath, type MerklePathItem } from './path.ts'

/**
 * Root over hashes and the path of each, as nearcore's `merklize` builds them; the leaves are already hashes, nearcore
 * hashes its items first. No leaves have the root of 32 zero bytes.
 */
export function merklize(leaves: readonly CryptoHash[]): { root: CryptoHash; paths: MerklePath[] } {
  const paths = leaves.map((): MerklePathItem[] => [])
  let level = [...leaves]
  for (let width = 1; level.length > 1; width *= 2) {
    for (const [leaf, path] of paths.entries()) {
      const node = Math.floor(leaf / width)
      const sibling = level[node ^ 1]
      if (sibling !== undefined) path.push({ hash: sibling, direction: node % 2 === 0 ? 'Right' : 'Left' })
    }
    level = pairs(level)
  }
  return { root: level[0] ?? ZERO_HASH, paths }
}

const pairs = (level: readonly CryptoHash[]): CryptoHash[] =>
  Array.from({ length: Math.ceil(level.length / 2) }, (_, i) => {
    const left = level[2 * i]!
    const right = level[2 * i + 1]
    return right === undefined ? left : combineHash(left, right)
  })
