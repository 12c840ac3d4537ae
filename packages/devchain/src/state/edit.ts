// Insertion and removal. Both copy the nodes on one path and share the rest; the shape that results depends on the
// entries alone, never on the order they came in (nearcore `core/store/src/trie/ops/{insert_delete,squash}.rs`).

import { commonLength, concatPaths } from './nibbles.ts'
import { type Branch, branch, extension, leaf, type Node } from './node.ts'

const NO_CHILDREN: readonly null[] = Array(16).fill(null)

function withChild(children: readonly (Node | null)[], at: number, child: Node | null): (Node | null)[] {
  const copy = children.slice()
  copy[at] = child
  return copy
}

/** `path` (possibly empty) before `node`. */
function extend(path: Uint8Array, node: Branch): Node {
  return path.length === 0 ? node : extension(path, node)
}

/** A branch whose only entries are those of `rest`, a nibble further down. */
const above = (nibble: number, rest: Node): Branch => branch(withChild(NO_CHILDREN, nibble, rest), null)

/** `node` with `value` at the nibbles of `key` from `at` on. */
export function insert(node: Node | null, key: Uint8Array, at: number, value: Uint8Array): Node {
  if (node === null) return leaf(key.subarray(at), value)
  if (node.type === 'branch') {
    if (at === key.length) return branch(node.children, value)
    const nibble = key[at] as number
    const child = insert(node.children[nibble] ?? null, key, at + 1, value)
    return branch(withChild(node.children, nibble, child), node.value)
  }
  const { path } = node
  const common = commonLength(path, key, at)
  if (node.type === 'leaf') {
    if (common === path.length && at + common === key.length) return leaf(path, value)
    const old =
      common === path.length
        ? branch(NO_CHILDREN, node.value)
        : above(path[common] as number, leaf(path.subarray(common + 1), node.value))
    return extend(path.subarray(0, common), insert(old, key, at + common, value) as Branch)
  }
  if (common === path.length) return extension(path, insert(node.child, key, at + common, value) as Branch)
  const old = above(path[common] as number, extend(path.subarray(common + 1), node.child))
  return extend(path.subarray(0, common), insert(old, key, at + common, value) as Branch)
}

/** `node` without the key; the same node if it was not there, null if nothing is left. */
export function remove(node: Node | null, key: Uint8Array, at: number): Node | null {
  if (node === null) return null
  if (node.type === 'branch') {
    if (at === key.length) return node.value ? squash(node.children, null) : node
    const nibble = key[at] as number
    const child = node.children[nibble] ?? null
    const left = remove(child, key, at + 1)
    return left === child ? node : squash(withChild(node.children, nibble, left), node.value)
  }
  const common = commonLength(node.path, key, at)
  if (common < node.path.length) return node
  if (node.type === 'leaf') return at + common === key.length ? null : node
  const left = remove(node.child, key, at + common)
  return left === node.child || left === null ? node : join(node.path, left)
}

/** A branch that lost something: with one entry left it is no branch any more. */
function squash(children: readonly (Node | null)[], value: Uint8Array | null): Node | null {
  let only = -1
  for (let i = 0; i < 16; i++) {
    if (!children[i]) continue
    if (only >= 0 || value) return branch(children, value)
    only = i
  }
  if (only >= 0) return join(Uint8Array.of(only), children[only] as Node)
  return value ? leaf(new Uint8Array(), value) : null
}

function join(path: Uint8Array, node: Node): Node {
  switch (node.type) {
    case 'leaf':
      return leaf(concatPaths(path, node.path), node.value)
    case 'extension':
      return extension(concatPaths(path, node.path), node.child)
    case 'branch':
      return extension(path, node)
  }
}
