import type { Environment } from './check.ts'

/**
 * Intel's signed statements about a platform, as one flat JSON object. `tcb_info` and `qe_identity` are the exact
 * bytes Intel signed; signatures (raw r||s) and CRLs (DER) are hex, issuer chains PEM. All of it is signed, so it
 * may come from anyone.
 */
export interface TdxCollateral {
  readonly pck_crl_issuer_chain: string
  readonly root_ca_crl: string
  readonly pck_crl: string
  readonly tcb_info_issuer_chain: string
  readonly tcb_info: string
  readonly tcb_info_signature: string
  readonly qe_identity_issuer_chain: string
  readonly qe_identity: string
  readonly qe_identity_signature: string
}

/** What a CPU's TEE says about the workload, with what is needed to check it offline. */
export interface CpuEvidence {
  readonly tee: 'tdx'
  readonly quote: Uint8Array
  readonly collateral: TdxCollateral
  /** Event log that replays to the RTMRs, where the platform keeps one. */
  readonly eventLog?: Uint8Array
}

/** The TEE that a workload runs in. Implementations pass `teeBackendCompliance` of `@dcml/runtime/testing`. */
export interface TeeBackend {
  /** Short name for logs and metrics: `configfs-tsm`, `dstack`, `simulator`. */
  readonly name: string
  readonly environment: Environment
  /**
   * Asks the TEE to sign 64 bytes of report data together with its measurements. Report data is made by
   * `reportData` of this package and never comes from outside the enclave.
   */
  quote(reportData: Uint8Array, options?: { signal?: AbortSignal }): Promise<CpuEvidence>
  /**
   * 32 secret bytes for state that outlives the process: the same image on the same machine (with dstack: the same app)
   * gets them again, another image gets others. Absent where the TEE has nothing to derive them from.
   * @throws DcmlError `sealing_unsupported` where this platform would give the key to other images too
   */
  sealingKey?(options?: { signal?: AbortSignal }): Promise<Uint8Array>
}
