// What one peer remembers for others. It lives in this process's memory and nowhere else: on disk the host could turn it
// back. A peer that restarts has forgotten everything, and says so by a new boot id.
import type { Mark } from '@dcml/channels'
import { DcmlError, equalBytes } from '@dcml/protocol'
import { compareTerms, type Term } from './term.ts'

/** A mark as a peer holds it. */
export interface Held {
  /** The start of the owner that wrote it. */
  readonly term: Term
  readonly mark: Mark
  /** 16 random bytes in hex, made for each step: two copies of one memory that write the same are two, and one is late. */
  readonly attempt: string
}

/** What a peer says to `recall`. */
export type Recalled =
  | { readonly said: 'promised'; readonly held: Held | null }
  | { readonly said: 'outranked'; readonly by: Term }
  | { readonly said: 'forgotten' }

/** What a peer says to `remember`. `taken`: another step under this term was there before. */
export type Remembered =
  | { readonly said: 'kept' }
  | { readonly said: 'outranked'; readonly by: Term }
  | { readonly said: 'taken' }
  | { readonly said: 'forgotten' }

interface Entry {
  promised: Term
  held: Held | null
}

/** The memory of one peer: an acceptor of Paxos for each owner. */
export class PeerMemory {
  readonly #owners = new Map<string, Entry>()
  readonly #maxOwners: number

  constructor({ maxOwners }: { maxOwners: number }) {
    this.#maxOwners = maxOwners
  }

  /**
   * Promises a term that outranks every one before to take nothing more from those, and tells what it holds. A term is
   * promised once, so that of two copies of a starting enclave one has it.
   * @param owner session key in hex @throws DcmlError `rollback_memory_full`
   */
  recall(owner: string, term: Term): Recalled {
    const entry = this.#owners.get(owner)
    if (entry === undefined) {
      this.#keep(owner, { promised: term, held: null })
      return { said: 'promised', held: null }
    }
    if (compareTerms(term, entry.promised) <= 0) return { said: 'outranked', by: entry.promised }
    entry.promised = term
    return { said: 'promised', held: entry.held }
  }

  /** Keeps a mark unless a later term was promised, or another step of this term is as far. */
  remember(owner: string, next: Held): Remembered {
    const entry = this.#owners.get(owner)
    if (entry === undefined) {
      this.#keep(owner, { promised: next.term, held: next })
      return { said: 'kept' }
    }
    if (compareTerms(next.term, entry.promised) < 0) return { said: 'outranked', by: entry.promised }
    const { held } = entry
    if (held !== null && compareTerms(held.term, next.term) === 0 && held.mark.counter >= next.mark.counter)
      return isSame(held, next) ? { said: 'kept' } : { said: 'taken' }
    entry.promised = next.term
    entry.held = next
    return { said: 'kept' }
  }

  #keep(owner: string, entry: Entry): void {
    // nobody is forgotten for a newcomer
    if (this.#owners.size >= this.#maxOwners)
      throw new DcmlError('rollback_memory_full', 'This enclave remembers for as many others as it can.', {
        hint: 'Choose another peer.',
        details: { owners: this.#maxOwners },
      })
    this.#owners.set(owner, entry)
  }
}

const isSame = (a: Held, b: Held): boolean =>
  a.mark.counter === b.mark.counter && a.attempt === b.attempt && equalBytes(a.mark.digest, b.mark.digest)
