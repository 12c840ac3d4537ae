/** Which state of an enclave is the last: its number, and the SHA-256 of its bytes. */
export interface Mark {
  /** 0 before the first state. */
  readonly counter: bigint
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

/** Where sealed states lie. The host owns it: what comes back may be old, altered or nothing. */
export interface StateStore {
  /** The states that may still be the last, in any order. */
  read(): Promise<readonly Uint8Array[]>
  /** Resolves when it will survive a crash. Keeps the state before beside it until the next write. */
  write(state: Uint8Array): Promise<void>
}
