import { formatHash, ZERO_HASH } from '@dcml/light-client'
import { insert, remove } from './edit.ts'
import { fromNibbles, toNibbles } from './nibbles.ts'
import { type Node, nodeHash, serializeNode } from './node.ts'
import type { Trie } from './types.ts'

/** The empty trie. Values handed to it, and those it hands out, are kept by reference: nobody may write to them. */
export const createTrie = (): Trie => new MerkleTrie(null)

class MerkleTrie implements Trie {
  readonly #root: Node | null

  constructor(root: Node | null) {
    this.#root = root
  }

  get root() {
    return this.#root ? formatHash(nodeHash(this.#root)) : ZERO_HASH
  }

  get(key: Uint8Array) {
    return look(this.#root, key).value
  }

  set(key: Uint8Array, value: Uint8Array): Trie {
    return new MerkleTrie(insert(this.#root, toNibbles(key), 0, value))
  }

  delete(key: Uint8Array): Trie {
    const root = remove(this.#root, toNibbles(key), 0)
    return root === this.#root ? this : new MerkleTrie(root)
  }

  nodesOnPath(key: Uint8Array): number {
    const { nodes, value } = look(this.#root, key)
    return value ? nodes + 1 : nodes
  }

  *entries(prefix: Uint8Array): Iterable<readonly [Uint8Array, Uint8Array]> {
    const start = seek(this.#root, toNibbles(prefix), () => {})
    if (!start) return
    for (const { node, path } of walk(start.node, start.path)) {
      if (node.type === 'leaf') yield [fromNibbles([...path, ...node.path]), node.value]
      else if (node.type === 'branch' && node.value) yield [fromNibbles(path), node.value]
    }
  }

  prove(prefix: Uint8Array): Uint8Array[] {
    const proof: Uint8Array[] = []
    const start = seek(this.#root, toNibbles(prefix), (node) => proof.push(serializeNode(node)))
    if (start) {
      const below = walk(start.node, start.path)
      below.next()
      for (const { node } of below) proof.push(serializeNode(node))
    }
    return proof
  }
}

const nibbleAt = (key: Uint8Array, i: number): number => ((key[i >> 1] as number) >> (i & 1 ? 0 : 4)) & 15

/** The value at `key`, and how many nodes a look-up for it meets. */
function look(root: Node | null, key: Uint8Array): { value: Uint8Array | undefined; nodes: number } {
  const length = key.length * 2
  let at = 0
  let nodes = 0
  for (let node = root; node; ) {
    nodes++
    if (node.type === 'branch') {
      if (at === length) return { value: node.value ?? undefined, nodes }
      node = node.children[nibbleAt(key, at++)] ?? null
      continue
    }
    const { path } = node
    if (path.length > length - at) break
    for (let i = 0; i < path.length; i++) if (path[i] !== nibbleAt(key, at + i)) return { value: undefined, nodes }
    at += path.length
    if (node.type === 'leaf') return { value: at === length ? node.value : undefined, nodes }
    node = node.child
  }
  return { value: undefined, nodes }
}

interface Place {
  readonly node: Node
  /** Nibbles from the root to this node. */
  readonly path: readonly number[]
}

/** The topmost node all of whose entries start with `prefix`; `visit` sees every node met on the way, it included. */
function seek(root: Node | null, prefix: Uint8Array, visit: (node: Node) => void): Place | null {
  const path: number[] = []
  for (let node = root; node; ) {
    visit(node)
    const rest = prefix.subarray(path.length)
    if (rest.length === 0) return { node, path }
    if (node.type === 'branch') {
      path.push(rest[0] as number)
      node = node.children[rest[0] as number] ?? null
      continue
    }
    const own = node.path.subarray(0, rest.length)
    if (!own.every((nibble, i) => nibble === rest[i])) return null
    if (node.path.length >= rest.length) return { node, path }
    if (node.type === 'leaf') return null
    path.push(...node.path)
    node = node.child
  }
  return null
}

/** A node and everything below it, in key order. */
function* walk(node: Node, path: readonly number[]): Generator<Place> {
  const stack: Place[] = [{ node, path }]
  for (let place = stack.pop(); place; place = stack.pop()) {
    yield place
    if (place.node.type === 'extension')
      stack.push({ node: place.node.child, path: [...place.path, ...place.node.path] })
    if (place.node.type !== 'branch') continue
    for (let i = 15; i >= 0; i--) {
      const child = place.node.children[i]
      if (child) stack.push({ node: child, path: [...place.path, i] })
    }
  }
}
