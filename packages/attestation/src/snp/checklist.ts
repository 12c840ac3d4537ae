import { Checklist } from '../checklist.ts'

/**
 * Every check of a SEV-SNP report by its stable name, in order, with what it establishes. Those of {@link OnRequest}
 * are skipped where the policy does not ask for them; all others have to pass.
 */
export const SNP_CHECKS = {
  snp_report_format: 'The report has 1,184 bytes.',
  snp_report_version: 'The report is of a version from 2 to 5.',
  snp_signature_algorithm: 'The report is signed with ECDSA P-384.',
  snp_signing_key: 'The report is signed by a kind of key that the policy accepts.',
  snp_certificates: 'VEK, ASK and ARK are certificates in strict DER.',
  snp_root_pinned: 'The chain ends in a trusted root, compared by bytes.',
  snp_environment: 'The certificates belong to the environment that the policy demands.',
  snp_chain: 'VEK, ASK and ARK form a valid chain.',
  snp_crl_format: "The ARK's CRL is a complete CRL in strict DER.",
  snp_crl_issuer: 'The CRL names the ARK as its issuer.',
  snp_crl_signature: 'The CRL is signed by the ARK.',
  snp_crl_window: 'The CRL is in force.',
  snp_ask_not_revoked: 'The ARK has not revoked the ASK.',
  snp_vek_extensions: 'The VEK certificate describes its chip or its cloud provider, exactly once.',
  snp_vek_kind: 'The VEK certificate is of the kind that the report says it was signed by.',
  snp_product: 'Report and VEK certificate name one known processor family.',
  snp_report_signature: 'The report is signed by the VEK.',
  snp_reserved: 'Reserved bytes of the report are zero.',
  snp_chip_id: "The report's chip is the one that the VEK certificate was issued for.",
  snp_vek_tcb: 'The VEK was derived for the TCB that the report states.',
  snp_tcb_reported: 'The reported TCB reaches the least that the policy accepts for this processor family.',
  snp_tcb_committed: 'The committed TCB, below which the platform cannot be rolled back, reaches that least.',
  snp_tcb_launch: 'The TCB at the launch of the guest reaches that least.',
  snp_policy_reserved: 'Reserved bits of the guest policy are as they must be.',
  snp_debug: 'The host cannot debug the guest.',
  snp_migrate: 'No migration agent can be associated with the guest.',
  snp_cxl: 'No CXL device can hold memory of the guest.',
  snp_smt: 'The guest runs only where threads of a core are not shared (no SMT).',
  snp_vmpl: 'The report was asked for at a VMPL that the policy accepts.',
  snp_host_data: 'HOST_DATA names an accepted image manifest.',
  snp_boot_image: 'MEASUREMENT is that of an accepted boot image.',
  snp_platform_id: "The chip is on the policy's list.",
} as const

export type SnpCheckName = keyof typeof SNP_CHECKS

/** Checks that a policy may waive, or that a report with a masked chip id or of a VLEK has nothing to show for. */
type OnRequest =
  | 'snp_crl_format'
  | 'snp_crl_issuer'
  | 'snp_crl_signature'
  | 'snp_crl_window'
  | 'snp_ask_not_revoked'
  | 'snp_chip_id'
  | 'snp_debug'
  | 'snp_migrate'
  | 'snp_cxl'
  | 'snp_smt'
  | 'snp_host_data'
  | 'snp_boot_image'
  | 'snp_platform_id'

/** The checks of one SEV-SNP report. */
export type SnpChecklist = Checklist<SnpCheckName, OnRequest>

export const snpChecklist = (): SnpChecklist => new Checklist(SNP_CHECKS)
