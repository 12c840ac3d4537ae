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

/** A quote of Intel TDX, with what is needed to check it offline. */
export interface TdxEvidence {
  readonly tee: 'tdx'
  readonly quote: Uint8Array
  readonly collateral: TdxCollateral
  /** Event log that replays to the RTMRs, where the platform keeps one. */
  readonly eventLog?: Uint8Array
}

/** A report of AMD SEV-SNP, with what is needed to check it offline. All but the report is DER signed by AMD. */
export interface SnpEvidence {
  readonly tee: 'snp'
  /** 1,184 bytes (SEV-SNP Firmware ABI, ATTESTATION_REPORT). */
  readonly report: Uint8Array
  /** Certificate of the key that signed the report: VCEK or VLEK. */
  readonly vek: Uint8Array
  /** Its issuer: ASK for a VCEK, ASVK for a VLEK. */
  readonly ask: Uint8Array
  readonly ark: Uint8Array
  /** The ARK's revocation list. */
  readonly crl?: Uint8Array
}

/** What a CPU's TEE says about the workload. */
export type CpuEvidence = TdxEvidence | SnpEvidence

/** What one NVIDIA GPU or NVSwitch says about itself, with what is needed to check it offline. */
export interface GpuEvidence {
  readonly kind: 'gpu' | 'switch'
  /** The 37 bytes of the SPDM 1.1 GET_MEASUREMENTS request, whose nonce is `gpuNonce`, then the signed response. */
  readonly report: Uint8Array
  /** PEM of the device's chain, leaf first, NVIDIA's Device Identity CA last. */
  readonly certificates: string
  /** Signed reference measurements: XML texts of the driver's and the VBIOS's RIM. */
  readonly rims: readonly string[]
  /** OCSP responses or CRLs (DER) for the certificates of the device and of the RIMs. */
  readonly revocations: readonly Uint8Array[]
  /** Answer of NVIDIA's Remote Attestation Service, as JSON text: a second opinion. */
  readonly nras?: string
}

/** Asks the GPUs of this machine for evidence. */
export interface GpuBackend {
  /** Short name for logs: `nvidia`, `simulator`. */
  readonly name: string
  /** @param nonce 32 bytes, from `gpuNonce` */
  evidence(nonce: Uint8Array, options?: { signal?: AbortSignal }): Promise<readonly GpuEvidence[]>
}

/** The TEE that a workload runs in. Implementations pass `teeBackendCompliance` of `@dcml/runtime/testing`. */
export interface TeeBackend<Cpu extends CpuEvidence = CpuEvidence> {
  /** Short name for logs and metrics: `configfs-tsm`, `dstack`, `simulator`. */
  readonly name: string
  readonly environment: Environment
  /** GPUs that belong to the workload; their evidence is bound to every quote. */
  readonly gpu?: GpuBackend
  /**
   * Asks the TEE to sign 64 bytes of report data together with its measurements. Report data is made by
   * `reportData` of this package and never comes from outside the enclave.
   */
  quote(reportData: Uint8Array, options?: { signal?: AbortSignal }): Promise<Cpu>
  /**
   * 32 secret bytes for state that outlives the process: the same image on the same machine (with dstack: the same app)
   * gets them again, another image gets others. Absent where the TEE has nothing to derive them from.
   * @throws DcmlError `sealing_unsupported` where this platform would give the key to other images too
   */
  sealingKey?(options?: { signal?: AbortSignal }): Promise<Uint8Array>
}
