// The money of one edge: two one-way totals that only grow, each covered by its payer's newest voucher, and what is
// spoken for. Nothing here signs or sends.
import type { PorVoucher, Signed } from '@dcml/protocol/por'

export interface Deposits {
  readonly mine: bigint
  readonly theirs: bigint
}

/** Between nothing and `most`. */
export const clamp = (value: bigint, most: bigint): bigint => (value < 0n ? 0n : value < most ? value : most)

/** Amounts in yoctoNEAR. */
export class EdgeLedger {
  /** Newest vouchers each way. */
  paid: Signed<PorVoucher> | null = null
  received: Signed<PorVoucher> | null = null
  /** What this node owes in all, vouchers included. */
  owed = 0n
  /** What the neighbour was charged in all: fees of accepted requests, and late fees that it paid. */
  charged = 0n
  /** Held back for late fees that may fall due, and for fees of requests still to be sent. */
  reserved = 0n
  /** Late fees that may fall due from the neighbour. */
  exposed = 0n
  /** Late fees of resolved requests that never came. */
  debt = 0n

  get paidTotal(): bigint {
    return this.paid?.body.total ?? 0n
  }

  get receivedTotal(): bigint {
    return this.received?.body.total ?? 0n
  }

  /** What a settlement now would pay this node. */
  balance({ mine, theirs }: Deposits): bigint {
    return clamp(mine - this.paidTotal + this.receivedTotal, mine + theirs)
  }

  /** What this node can still promise: unpaid debts and reserves are spoken for. */
  free({ mine }: Deposits): bigint {
    const ahead = this.paidTotal - this.owed
    return mine - this.owed - (ahead > 0n ? ahead : 0n) + this.receivedTotal - this.reserved
  }

  /** What the neighbour can still promise, as far as this node knows. */
  theirFree({ theirs }: Deposits): bigint {
    return theirs - this.receivedTotal + this.paidTotal - this.exposed
  }

  /** Fees that the neighbour has run up without a voucher; negative where it paid ahead. */
  get unpaid(): bigint {
    return this.charged - this.receivedTotal
  }

  /** Total that the next voucher must say; null where the last one covers all. A voucher never promises more than there is. */
  nextTotal({ mine }: Deposits): bigint | null {
    const total = clamp(this.owed, mine + this.receivedTotal)
    return total > this.paidTotal ? total : null
  }

  /** Whether a voucher of the neighbour's adds to the last one and is covered by what it has. */
  isBetter({ seq, total }: PorVoucher, { theirs }: Deposits): boolean {
    const last = this.received?.body
    const grows = last === undefined ? seq > 0n : seq > last.seq && total >= last.total
    return grows && total <= theirs + this.paidTotal
  }

  /** What came in beyond the charges. */
  get surplus(): bigint {
    const there = this.receivedTotal - this.charged
    return there > 0n ? there : 0n
  }

  /** Owes what was held back for it. */
  pledge(amount: bigint): void {
    this.reserved -= amount
    this.owed += amount
  }

  /** Books late fees out of the surplus. @returns how much of `amount` was there */
  creditLate(amount: bigint): bigint {
    const credited = clamp(amount, this.surplus)
    this.charged += credited
    return credited
  }
}
