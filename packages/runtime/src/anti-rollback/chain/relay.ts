import type { Bundle } from '@dcml/channels'
import type { LightClientState } from '@dcml/light-client'

/** A call of the anchor contract, signed by the enclave: who sends it, and how often, changes nothing. */
export interface AnchorCall {
  /** Account of the contract. */
  readonly contract: string
  readonly method: 'claim' | 'advance'
  /** Arguments in JSON. */
  readonly args: Readonly<Record<string, string>>
}

/** The contract's refusal, as the relay tells it. Nothing proves it; it stops the enclave either way. */
export interface AnchorRefusal {
  readonly refused: string
}

/**
 * The enclave's way to the chain, which it cannot reach itself. It belongs to the host and is not trusted: it can hold
 * back and no more.
 */
export interface AnchorRelay {
  /**
   * Has a call executed, and proves what it logged. The first claim of a device key pays {@link ANCHOR_STORAGE}, which
   * the relay attaches; no other call takes a deposit.
   * @param from where the enclave's light client stands: the blocks of the bundle begin there
   */
  submit(call: AnchorCall, from: LightClientState): Promise<Bundle | AnchorRefusal>
}

/** yoctoNEAR: 0.005 NEAR for a row that is never removed. */
export const ANCHOR_STORAGE = 5n * 10n ** 21n
