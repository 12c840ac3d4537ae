import { toHex } from '@dcml/protocol'

/**
 * Numbers kept per session key. An enclave numbers the receipts of all its clients, so one client sees gaps; streams that
 * overlap end out of order. What is older than the window counts as seen.
 */
const WINDOW = 4096

/** Remembers which receipts were seen, to refuse the same one twice. */
export class SequenceLog {
  readonly #windows = new Map<string, { floor: bigint; seen: Set<bigint> }>()

  /** True, once, for each sequence number of a session key. */
  admit(sessionKey: Uint8Array, sequence: bigint): boolean {
    const id = toHex(sessionKey)
    const window = this.#windows.get(id) ?? { floor: 0n, seen: new Set<bigint>() }
    this.#windows.set(id, window)
    if (sequence <= window.floor || window.seen.has(sequence)) return false
    window.seen.add(sequence)
    if (window.seen.size > 2 * WINDOW) {
      const kept = [...window.seen].sort((a, b) => (a < b ? -1 : 1))
      const dropped = kept.splice(0, kept.length - WINDOW)
      window.floor = dropped.at(-1) ?? window.floor
      window.seen = new Set(kept)
    }
    return true
  }
}
