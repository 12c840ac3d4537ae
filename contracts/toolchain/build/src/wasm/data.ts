import { concat, signed, u32, vector } from './bytes.ts'

/**
 * A data section that makes zeroed memory equal to `memory` (§5.5.14). Every byte of a contract costs gas in every
 * call, so zeros are left out, except where the gap is shorter than the head of another segment.
 */
export function dataSegments(memory: Uint8Array): Uint8Array {
  const segments: Uint8Array[] = []
  for (let start = 0; start < memory.length; start++) {
    if (memory[start] === 0) continue
    const end = endOfRun(memory, start)
    segments.push(concat([head(start), u32(end - start), memory.subarray(start, end)]))
    start = end
  }
  return vector(segments)
}

/** Active, for memory 0, at a constant offset. */
const head = (at: number): number[] => [0, 0x41, ...signed(BigInt(at)), 0x0b]

/** Past the last byte worth writing together with the one at `start`. */
function endOfRun(memory: Uint8Array, start: number): number {
  const cost = head(start).length + 1
  let end = start + 1
  for (let at = end; at < memory.length && at - end <= cost; at++) if (memory[at] !== 0) end = at + 1
  return end
}
