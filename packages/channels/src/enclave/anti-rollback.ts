/** Which state of an enclave is the last. */
export interface Mark {
  /** Its number; 0 before the first state. */
  readonly counter: bigint
  /** 32 bytes that name all of it: the SHA-256 of an image, or of the digest before and the change since. */
  readonly digest: Uint8Array
}

/** The mark of a device that has seen no state. */
export const NO_MARK: Mark = { counter: 0n, digest: new Uint8Array(32) }

/**
 * Remembers a mark where the host cannot turn it back (paper §6.1). It keeps a digest and not only a number: between
 * the writing of a state and the counting, a host can have two states of the same number made, and a bare counter would
 * later take either. Implementations are the runtime's: a TPM's NV index, a quorum of other enclaves, the chain.
 */
export interface AntiRollback {
  read(): Promise<Mark>
  /**
   * Replaces the mark in one step, only where `next.counter` is one more than the present counter: of two copies of an
   * enclave one gets through.
   * @throws DcmlError `rollback_conflict` where it is not; any other failure leaves open whether it was done
   */
  advance(next: Mark): Promise<void>
}

/** An image of a state, and what changed after it, in order. */
export interface StoredState {
  readonly image: Uint8Array
  readonly changes: readonly Uint8Array[]
}

/**
 * Where sealed states lie: images, each with a log of changes. The host owns it: what comes back may be old, altered or
 * nothing, and is believed only where it leads to the mark.
 *
 * Within one life of the enclave, a write comes only once the one before has resolved and been marked. So a store may
 * delete, at any write but the first of a life, what neither this write nor the one before wrote or added to. At the
 * first it deletes nothing: of what lies there, only the caller knows what leads to the mark.
 */
export interface StateStore {
  /** All that lies there, in any order, each up to the first change that is torn or altered. Asked before any write. */
  read(): Promise<readonly StoredState[]>
  /** Begins anew beside what lies there. Resolves when the image will survive a crash. */
  replace(image: Uint8Array): Promise<void>
  /** Adds a change to what the last `replace` of this life began. Resolves when it will survive a crash. */
  append(change: Uint8Array): Promise<void>
}
