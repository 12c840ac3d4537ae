import type { Environment } from '@dcml/attestation'
import type { AntiRollback } from '@dcml/channels'

/** Where a runtime keeps its mark. Implementations pass `antiRollbackCompliance` of `@dcml/channels/testing`. */
export interface AntiRollbackDevice extends AntiRollback {
  /** Short name for logs and metrics: `tpm2`, `quorum`, `chain`, `memory`. */
  readonly name: string
  /** A device of development is refused in production. */
  readonly environment: Environment
  /**
   * Bytes that no earlier device had, where the host can delete the device and make another: they go into a new session
   * key, so that a copy of this machine from before does not make the same one again.
   */
  readonly incarnation?: Uint8Array
  close?(): Promise<void>
}
