// The tree over the hashes of all blocks (nearcore `PartialMerkleTree`): perfect subtrees of falling size, folded from
// the right. It never changes in place, so every block can keep the tree of the blocks before it.
import { combineBytes, formatHash, type MerklePath, type MerklePathItem } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'

interface Node {
  readonly hash: Uint8Array
  readonly size: number
  /** Null in leaves, and where every block below was pruned. */
  children: readonly [left: Node, right: Node] | null
}

/** An append-only Merkle tree with proofs; `append` gives a new one and leaves this as it is. */
export class BlockTree {
  static readonly empty = new BlockTree([], 0)
  readonly #peaks: readonly Node[]
  /** Number of leaves. */
  readonly size: number

  private constructor(peaks: readonly Node[], size: number) {
    this.#peaks = peaks
    this.size = size
  }

  append(hash: Uint8Array): BlockTree {
    const peaks = [...this.#peaks]
    let node: Node = { hash, size: 1, children: null }
    for (let left = peaks.at(-1); left?.size === node.size; left = peaks.at(-1)) {
      peaks.pop()
      node = { hash: combineBytes(left.hash, node.hash), size: node.size * 2, children: [left, node] }
    }
    peaks.push(node)
    return new BlockTree(peaks, this.size + 1)
  }

  /** 32 zero bytes while empty. */
  get root(): Uint8Array {
    return foldRight(this.#peaks) ?? new Uint8Array(32)
  }

  /**
   * Path from a leaf to the root.
   * @throws DcmlError `devchain_unknown_block` where the leaf is not in the tree or was forgotten
   */
  prove(leaf: number): MerklePath {
    let index = 0
    let first = 0
    for (let peak = this.#peaks[0]; peak && first + peak.size <= leaf; peak = this.#peaks[++index]) first += peak.size
    const peak = this.#peaks[index]
    if (!peak || leaf < 0) throw unknown(leaf)
    const path = pathBelow(peak, leaf - first)
    if (!path) throw unknown(leaf)
    const right = foldRight(this.#peaks.slice(index + 1))
    if (right) path.push(item(right, 'Right'))
    for (const { hash } of this.#peaks.slice(0, index).reverse()) path.push(item(hash, 'Left'))
    return path
  }

  /** Lets go of everything only needed to prove leaves before `leaf`, in all trees that share it. */
  forget(leaf: number): void {
    let first = 0
    for (const peak of this.#peaks) {
      forgetBelow(peak, first, leaf)
      first += peak.size
    }
  }

  /** Enough to go on appending, without proofs of what is in it already. */
  get peaks(): readonly { readonly hash: Uint8Array; readonly size: number }[] {
    return this.#peaks.map(({ hash, size }) => ({ hash, size }))
  }

  /** The opposite of {@link peaks}. */
  static fromPeaks(peaks: readonly { readonly hash: Uint8Array; readonly size: number }[]): BlockTree {
    return new BlockTree(
      peaks.map(({ hash, size }) => ({ hash, size, children: null })),
      peaks.reduce((sum, { size }) => sum + size, 0),
    )
  }
}

const item = (hash: Uint8Array, direction: 'Left' | 'Right'): MerklePathItem => ({ hash: formatHash(hash), direction })

/** Siblings from the leaf up to `node`; null where they were forgotten. */
function pathBelow(node: Node, leaf: number): MerklePathItem[] | null {
  if (node.size === 1) return []
  if (!node.children) return null
  const [left, right] = node.children
  const onLeft = leaf < left.size
  const path = onLeft ? pathBelow(left, leaf) : pathBelow(right, leaf - left.size)
  path?.push(onLeft ? item(right.hash, 'Right') : item(left.hash, 'Left'))
  return path
}

function forgetBelow(node: Node, first: number, leaf: number): void {
  if (!node.children || first >= leaf) return
  const [left, right] = node.children
  if (first + node.size <= leaf) node.children = null
  else {
    forgetBelow(left, first, leaf)
    forgetBelow(right, first + left.size, leaf)
  }
}

const foldRight = (peaks: readonly Node[]): Uint8Array | undefined =>
  peaks.reduceRight<Uint8Array | undefined>((right, { hash }) => (right ? combineBytes(hash, right) : hash), undefined)

const unknown = (leaf: number): DcmlError =>
  new DcmlError('devchain_unknown_block', `Block number ${leaf + 1} is not in the tree, or no longer.`, {
    hint: 'Prove younger blocks, or start the chain with a larger keepBlocks.',
  })
