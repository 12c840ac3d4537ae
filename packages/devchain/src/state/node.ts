// Nodes of the trie and their bytes (nearcore `core/store/src/trie/raw_node.rs`). A node's hash covers the memory its
// subtree costs, and values by length and hash; both are computed when first asked for, and nodes never change.
import { sha256 } from '../wire/hash.ts'
import { encodedLength, writeEncoded } from './nibbles.ts'

export interface Leaf {
  readonly type: 'leaf'
  readonly path: Uint8Array
  readonly value: Uint8Array
  readonly memory: number
  hash: Uint8Array | null
}

export interface Branch {
  readonly type: 'branch'
  /** 16 of them. */
  readonly children: readonly (Node | null)[]
  readonly value: Uint8Array | null
  readonly memory: number
  hash: Uint8Array | null
}

export interface Extension {
  readonly type: 'extension'
  /** Never empty. */
  readonly path: Uint8Array
  readonly child: Branch
  readonly memory: number
  hash: Uint8Array | null
}

export type Node = Leaf | Branch | Extension

// nearcore's TRIE_COSTS.
const NODE_COST = 50
const KEY_BYTE_COST = 2
const valueCost = (value: Uint8Array): number => NODE_COST + value.length
const pathCost = (path: Uint8Array): number => KEY_BYTE_COST * encodedLength(path)

export const leaf = (path: Uint8Array, value: Uint8Array): Leaf => ({
  type: 'leaf',
  path,
  value,
  memory: NODE_COST + pathCost(path) + valueCost(value),
  hash: null,
})

export function branch(children: readonly (Node | null)[], value: Uint8Array | null): Branch {
  let memory = NODE_COST + (value ? valueCost(value) : 0)
  for (const child of children) if (child) memory += child.memory
  return { type: 'branch', children, value, memory, hash: null }
}

export const extension = (path: Uint8Array, child: Branch): Extension => ({
  type: 'extension',
  path,
  child,
  memory: NODE_COST + pathCost(path) + child.memory,
  hash: null,
})

export function nodeHash(node: Node): Uint8Array {
  node.hash ??= sha256(serializeNode(node))
  return node.hash
}

const TAG = { leaf: 0, branchWithoutValue: 1, branchWithValue: 2, extension: 3 } as const
const HASH = 32
const VALUE_REF = 4 + HASH
const MEMORY = 8

/** Borsh of `RawTrieNodeWithSize`. */
export function serializeNode(node: Node): Uint8Array {
  switch (node.type) {
    case 'leaf': {
      const { out, view, end } = openPath(TAG.leaf, node.path, true, VALUE_REF)
      writeValue(out, view, end, node.value)
      return close(out, view, node.memory)
    }
    case 'extension': {
      const { out, view, end } = openPath(TAG.extension, node.path, false, HASH)
      out.set(nodeHash(node.child), end)
      return close(out, view, node.memory)
    }
    case 'branch':
      return serializeBranch(node)
  }
}

function serializeBranch({ children, value, memory }: Branch): Uint8Array {
  let mask = 0
  let count = 0
  children.forEach((child, i) => {
    if (!child) return
    mask |= 1 << i
    count++
  })
  const { out, view } = open(1 + (value ? VALUE_REF : 0) + 2 + count * HASH + MEMORY)
  out[0] = value ? TAG.branchWithValue : TAG.branchWithoutValue
  let offset = 1
  if (value) {
    writeValue(out, view, offset, value)
    offset += VALUE_REF
  }
  view.setUint16(offset, mask, true)
  offset += 2
  for (const child of children) {
    if (!child) continue
    out.set(nodeHash(child), offset)
    offset += HASH
  }
  return close(out, view, memory)
}

function open(size: number) {
  const out = new Uint8Array(size)
  return { out, view: new DataView(out.buffer) }
}

function openPath(tag: number, path: Uint8Array, isLeaf: boolean, tail: number) {
  const length = encodedLength(path)
  const { out, view } = open(1 + 4 + length + tail + MEMORY)
  out[0] = tag
  view.setUint32(1, length, true)
  writeEncoded(path, isLeaf, out, 5)
  return { out, view, end: 5 + length }
}

function writeValue(out: Uint8Array, view: DataView, offset: number, value: Uint8Array): void {
  view.setUint32(offset, value.length, true)
  out.set(sha256(value), offset + 4)
}

function close(out: Uint8Array, view: DataView, memory: number): Uint8Array {
  view.setBigUint64(out.length - MEMORY, BigInt(memory), true)
  return out
}
