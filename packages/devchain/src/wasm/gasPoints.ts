// Where gas is charged and for how much: finite-wasm 0.6's gas analysis (`src/gas`), as nearcore uses it. On success
// only the sum counts, but a trap must find paid what NEAR had paid, so the places must be NEAR's own.

import { doubled } from './doubled.ts'

const PURE = 0
const DEAD = 1
/** Before something that branches, traps or has effects: what follows may not be charged with what precedes. */
const BEFORE = 2
const AFTER = 3
const BETWEEN = 4
/** A bulk or grow operator, charged by its count. */
const LINEAR = 5

const NO = 0xff
// Rows: the earlier point's kind, columns: the later one's (finite-wasm `gas/optimize.rs`).
const SAME_OFFSET = Uint8Array.of(
  ...[PURE, DEAD, BEFORE, AFTER, BETWEEN, LINEAR],
  ...[DEAD, DEAD, DEAD, DEAD, DEAD, DEAD],
  ...[BEFORE, DEAD, BEFORE, BETWEEN, BETWEEN, LINEAR],
  ...[AFTER, DEAD, BETWEEN, AFTER, BETWEEN, LINEAR],
  ...[BETWEEN, DEAD, BETWEEN, BETWEEN, BETWEEN, LINEAR],
  ...[NO, DEAD, NO, NO, NO, NO],
)
const ACROSS = Uint8Array.of(
  ...[PURE, NO, BEFORE, NO, NO, NO],
  ...[NO, DEAD, NO, NO, NO, NO],
  ...[NO, NO, NO, NO, NO, NO],
  ...[AFTER, NO, BETWEEN, NO, NO, NO],
  ...[NO, NO, NO, NO, NO, NO],
  ...[NO, NO, NO, NO, NO, NO],
)

const UNTAKEN = -1
const TAKEN = -2

/** The charges of one function body; reused from body to body. */
export class GasPoints {
  length = 0
  offsets = new Int32Array(1024)
  /** Nesting of blocks at the point. */
  depths = new Int32Array(1024)
  /** Operators the point pays for. */
  costs = new Int32Array(1024)
  kinds = new Uint8Array(1024)

  /** Of the current operator. */
  offset = 0
  /** Whether {@link settle} is due at the next operator. */
  unsettled = false
  #scheduled = NO
  #scheduledCost = 0
  /** Points up to this index may still change their kind. */
  #pinned = -1
  #depth = 0
  #dead = false
  /** Per open block, from the function's own: taken as a branch target, or the index of a loop's first point. */
  #targets = new Int32Array(256)
  #deads = new Uint8Array(256)

  start(): void {
    this.length = 0
    this.unsettled = false
    this.#pinned = -1
    this.#depth = 0
    this.#dead = false
    this.#targets[0] = UNTAKEN
  }

  /** What the operator before left to be charged goes to the current one. */
  settle(): void {
    this.#push(this.#scheduled, this.#scheduledCost)
    this.unsettled = false
  }

  pure(cost: number): void {
    const kind = this.#dead ? DEAD : PURE
    const last = this.length - 1
    // Runs of pure operators would merge later anyway.
    if (last > this.#pinned && this.kinds[last] === kind) this.costs[last]! += cost
    else this.#push(kind, cost)
  }

  /** An operator that branches, traps or has effects. */
  effect(cost: number): void {
    this.#push(this.#dead ? DEAD : BEFORE, cost)
    this.#after(AFTER, 0)
  }

  linear(): void {
    this.#push(this.#dead ? DEAD : LINEAR, 0)
    this.#after(AFTER, 0)
  }

  unreachable(): void {
    this.#push(this.#dead ? DEAD : BEFORE, 1)
    this.#after(DEAD, 0)
    this.#dead = true
  }

  block(): void {
    this.pure(0)
    this.#enter(UNTAKEN)
  }

  /** A loop is paid at the start of its body, every time round. */
  loop(): void {
    const before = this.length
    this.#push(this.#dead ? DEAD : PURE, 0)
    this.#after(PURE, 1)
    this.#pinned = before + 1
    this.#enter(before)
  }

  if(): void {
    this.effect(1)
    this.#enter(TAKEN)
  }

  else(): void {
    this.#leave()
    this.#enter(TAKEN)
    this.effect(0)
  }

  end(): void {
    if (this.#targets[this.#depth] === TAKEN) this.effect(0)
    else this.pure(0)
    if (this.#depth > 0) this.#leave()
  }

  /** Marks the block `label` levels out as branched to. */
  target(label: number): void {
    const frame = this.#depth - label
    const target = this.#targets[frame]!
    if (target < 0) this.#targets[frame] = TAKEN
    else {
      this.kinds[target] = BEFORE
      this.kinds[target + 1] = AFTER
    }
  }

  /** `br`, `br_table` and `return`: nothing after it in this block is reached. */
  leave(): void {
    this.#dead = true
  }

  /** Merges points at one offset, then those into ranges, in one go; what is left of them is to be charged. */
  finish(): void {
    const { offsets, depths, costs, kinds, length } = this
    let last = -1
    for (let i = 0; i < length; ) {
      const offset = offsets[i]!
      let kind = kinds[i]!
      let cost = costs[i]!
      const depth = depths[i]!
      while (++i < length && offsets[i] === offset) {
        kind = SAME_OFFSET[kind * 6 + kinds[i]!]!
        cost += costs[i]!
      }
      const merged = last < 0 ? NO : ACROSS[kinds[last]! * 6 + kind]!
      if (merged === NO) {
        last++
        offsets[last] = offset
        depths[last] = depth
        kinds[last] = kind
        costs[last] = cost
      } else {
        kinds[last] = merged
        costs[last]! += cost
      }
    }
    this.length = last + 1
  }

  isLinear(index: number): boolean {
    return this.kinds[index] === LINEAR
  }

  /** False for points in dead code and those that charge nothing. */
  isCharged(index: number): boolean {
    return this.kinds[index] !== DEAD && (this.costs[index]! > 0 || this.kinds[index] === LINEAR)
  }

  #push(kind: number, cost: number): void {
    if (this.length === this.kinds.length) this.#grow()
    this.offsets[this.length] = this.offset
    this.depths[this.length] = this.#depth
    this.costs[this.length] = cost
    this.kinds[this.length++] = kind
  }

  #after(kind: number, cost: number): void {
    this.unsettled = true
    this.#scheduled = kind
    this.#scheduledCost = cost
  }

  #enter(target: number): void {
    if (++this.#depth === this.#targets.length) {
      this.#targets = doubled(this.#targets)
      this.#deads = doubled(this.#deads)
    }
    this.#targets[this.#depth] = target
    this.#deads[this.#depth] = this.#dead ? 1 : 0
  }

  /** Back to the enclosing block, which is as dead as it was when this one began. */
  #leave(): void {
    this.#dead = this.#deads[this.#depth--] === 1
  }

  #grow(): void {
    this.offsets = doubled(this.offsets)
    this.depths = doubled(this.depths)
    this.costs = doubled(this.costs)
    this.kinds = doubled(this.kinds)
  }
}
