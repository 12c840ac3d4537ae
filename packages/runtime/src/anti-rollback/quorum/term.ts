/**
 * One start of an enclave at its peers, under which it writes; a ballot, in the words of Paxos. A later term outranks an
 * earlier one.
 */
export interface Term {
  /** From 1. */
  readonly number: bigint
  /** 16 random bytes in hex: two starts that choose one number are told apart, and one of them outranks the other. */
  readonly id: string
}

/** Negative where `a` is outranked by `b`, 0 where they are one. */
export function compareTerms(a: Term, b: Term): number {
  if (a.number !== b.number) return a.number < b.number ? -1 : 1
  if (a.id === b.id) return 0
  return a.id < b.id ? -1 : 1
}

export const highestTerm = (terms: readonly Term[]): Term | undefined =>
  terms.reduce<Term | undefined>((high, term) => (high && compareTerms(high, term) >= 0 ? high : term), undefined)
