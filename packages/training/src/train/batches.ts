import { DcmlError } from '@dcml/protocol'
import { Prng } from '../prng.ts'

/**
 * Deals out windows of a token stream in shuffled order, each once per epoch. What a window holds is a function of
 * seed and position alone, so a run can go on anywhere.
 */
export class Batches {
  readonly #tokens: Uint16Array
  readonly #length: number
  readonly #seed: number
  readonly #perEpoch: number
  #epoch = -1
  #order: Uint32Array = new Uint32Array()
  #start = 0

  /**
   * @param length tokens in a window
   * @throws DcmlError `corpus_too_small` when the stream holds no two windows
   */
  constructor(tokens: Uint16Array, length: number, seed: number) {
    this.#tokens = tokens
    this.#length = length
    this.#seed = seed
    this.#perEpoch = Math.floor(tokens.length / length) - 1
    if (this.#perEpoch >= 1) return
    throw new DcmlError('corpus_too_small', `The corpus has ${tokens.length} tokens, fewer than two windows`, {
      hint: `Give at least ${2 * length} bytes of text, or a smaller context.`,
      details: { tokens: tokens.length, window: length },
    })
  }

  /** Inputs and targets (the same tokens, one later) of windows `cursor` to `cursor + count - 1`. */
  read(cursor: number, count: number): { ids: Uint32Array; targets: Uint32Array } {
    const length = this.#length
    const ids = new Uint32Array(count * length)
    const targets = new Uint32Array(count * length)
    for (let i = 0; i < count; i++) {
      const from = this.#windowStart(cursor + i)
      ids.set(this.#tokens.subarray(from, from + length), i * length)
      targets.set(this.#tokens.subarray(from + 1, from + length + 1), i * length)
    }
    return { ids, targets }
  }

  #windowStart(index: number): number {
    const epoch = Math.floor(index / this.#perEpoch)
    if (epoch !== this.#epoch) {
      const random = new Prng(this.#seed ^ Math.imul(epoch + 1, 0x9e3779b1))
      this.#epoch = epoch
      // Each epoch cuts the stream at another place.
      this.#start = random.below(this.#length)
      this.#order = random.permutation(this.#perEpoch)
    }
    return this.#start + this.#order[index % this.#perEpoch]! * this.#length
  }
}
