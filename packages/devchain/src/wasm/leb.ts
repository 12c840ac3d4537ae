/** Bytes of an unsigned LEB128 of up to 32 bits. */
export function lebLength(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5
}

/** Bytes of a signed LEB128 of a non-negative integer below 2^53. */
export function signedLebLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 0x40; rest = Math.floor(rest / 0x80)) length++
  return length
}
