// Paths in the trie, as one byte per nibble in memory and in hex-prefix encoding on the wire
// (nearcore `core/store/src/trie/nibble_slice.rs`).

export function toNibbles(key: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(key.length * 2)
  for (let i = 0; i < key.length; i++) {
    const byte = key[i] as number
    nibbles[2 * i] = byte >> 4
    nibbles[2 * i + 1] = byte & 15
  }
  return nibbles
}

export function fromNibbles(nibbles: readonly number[] | Uint8Array): Uint8Array {
  const key = new Uint8Array(nibbles.length / 2)
  for (let i = 0; i < key.length; i++) key[i] = ((nibbles[2 * i] as number) << 4) | (nibbles[2 * i + 1] as number)
  return key
}

export const encodedLength = (path: Uint8Array): number => 1 + (path.length >> 1)

/** First byte: 0x20 marks a leaf, 0x10 an odd length whose first nibble follows in the same byte. */
export function writeEncoded(path: Uint8Array, isLeaf: boolean, out: Uint8Array, offset: number): void {
  const odd = path.length & 1
  out[offset++] = (isLeaf ? 0x20 : 0) | (odd ? 0x10 | (path[0] as number) : 0)
  for (let i = odd; i < path.length; i += 2) out[offset++] = ((path[i] as number) << 4) | (path[i + 1] as number)
}

/** How many nibbles of `path` agree with `key` from `at` on. */
export function commonLength(path: Uint8Array, key: Uint8Array, at: number): number {
  const limit = Math.min(path.length, key.length - at)
  let length = 0
  while (length < limit && path[length] === key[at + length]) length++
  return length
}

export function concatPaths(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const path = new Uint8Array(head.length + tail.length)
  path.set(head)
  path.set(tail, head.length)
  return path
}
