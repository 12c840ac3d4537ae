const pair = (hash: Uint8Array, at: number): number => hash[at]! | (hash[at + 1]! << 8)

/** A request's hash as the key of a map: its 32 bytes in 16 characters. Every message is looked up by it, so no hex. */
export const nameOf = (hash: Uint8Array): string =>
  String.fromCharCode(
    ...[pair(hash, 0), pair(hash, 2), pair(hash, 4), pair(hash, 6), pair(hash, 8), pair(hash, 10), pair(hash, 12)],
    ...[pair(hash, 14), pair(hash, 16), pair(hash, 18), pair(hash, 20), pair(hash, 22), pair(hash, 24)],
    ...[pair(hash, 26), pair(hash, 28), pair(hash, 30)],
  )
