import { Checklist } from '../checklist.ts'

/**
 * Every check of a TDX quote by its stable name, in order, with what it establishes. Those of
 * {@link OnRequest} are skipped where the policy does not ask for them; all others have to pass.
 */
export const TDX_CHECKS = {
  quote_header: 'The quote has a header.',
  tee_type: 'The quote is for a TD (TEE type 0x81).',
  quote_version: 'The quote has format version 4 or 5.',
  quote_key_type: 'The attestation key is ECDSA P-256.',
  quote_qe_vendor: "The quoting enclave is Intel's.",
  quote_format: 'The quote is complete; its lengths agree.',
  quote_certificates: 'The certificates in the quote are strict PEM and DER.',
  collateral_format: 'The collateral has all parts, within their sizes.',
  collateral_certificates: 'The certificates in the collateral are strict PEM and DER.',
  root_pinned: 'All four chains end in one trusted root, compared by bytes.',
  environment: 'The certificates belong to the environment that the policy demands.',
  pck_chain: 'PCK certificate, CA and root form a valid chain.',
  pck_crl_chain: "The PCK CRL's issuer is the valid CA that issued the PCK certificate.",
  tcb_info_chain: 'TCB signer and root form a valid chain.',
  qe_identity_chain: 'QE identity signer and root form a valid chain.',
  root_crl_format: 'The root CRL is a complete CRL in strict DER.',
  root_crl_issuer: 'The root CRL names the root as its issuer.',
  root_crl_signature: 'The root CRL is signed by the root.',
  root_crl_window: 'The root CRL is in force.',
  pck_crl_format: 'The PCK CRL is a complete CRL in strict DER.',
  pck_crl_issuer: 'The PCK CRL names the PCK CA as its issuer.',
  pck_crl_signature: 'The PCK CRL is signed by the PCK CA.',
  pck_crl_window: 'The PCK CRL is in force.',
  pck_ca_not_revoked: 'The root has not revoked the PCK CA.',
  pck_not_revoked: 'The PCK CA has not revoked the PCK certificate.',
  tcb_info_signer_not_revoked: 'The root has not revoked the signer of TCB info.',
  tcb_info_signer: 'TCB info comes from a TCB signer, not from a platform.',
  tcb_info_signature: 'TCB info is signed over its exact bytes.',
  tcb_info_format: 'TCB info is version 3 for TDX.',
  tcb_info_window: 'TCB info is in force.',
  tcb_info_evaluation: 'TCB info is of an evaluation set that the policy accepts.',
  qe_identity_signer_not_revoked: 'The root has not revoked the signer of QE identity.',
  qe_identity_signer: 'QE identity comes from a TCB signer, not from a platform.',
  qe_identity_signature: 'QE identity is signed over its exact bytes.',
  qe_identity_format: 'QE identity is version 2 for the TD quoting enclave.',
  qe_identity_window: 'QE identity is in force.',
  qe_identity_evaluation: 'QE identity is of an evaluation set that the policy accepts.',
  pck_extension: 'The PCK certificate describes its platform, exactly once.',
  pck_fmspc: "TCB info is for this platform's family (FMSPC).",
  pck_pce_id: "TCB info is for this platform's PCE.",
  qe_report_signature: "The quoting enclave's report is signed by the PCK.",
  qe_report_data: 'The quoting enclave vouches for the attestation key.',
  qe_identity: 'The quoting enclave is the one of QE identity, not in debug mode.',
  qe_tcb: "QE identity rates the quoting enclave's version.",
  quote_signature: 'Header and TD report are signed by the attestation key.',
  tcb_level: "TCB info rates the platform's SVNs.",
  tdx_module: 'The TDX module has a signer and attributes that TCB info names.',
  tdx_module_tcb: "TCB info rates the TDX module's version.",
  tcb_status: 'The policy accepts the merged TCB status.',
  tcb_advisories: 'The policy accepts the advisories that apply.',
  td_reserved: 'Reserved TD attributes are zero.',
  td_debug: 'The host cannot debug the TD.',
  td_sept_ve_disable: 'The host cannot inject faults by unmapping private pages (SEPT_VE_DISABLE).',
  td_migratable: 'The TD cannot be migrated.',
  td_perfmon: 'The TD does not expose performance counters.',
  td_service_td: 'No service TD is bound.',
  image_h: 'MRCONFIGID names an accepted image manifest.',
  boot_image: 'MRTD and RTMRs are those of an accepted boot image.',
  mr_seam: "The TDX module is on the policy's list.",
  platform_id: "The platform is on the policy's list.",
} as const

export type TdxCheckName = keyof typeof TDX_CHECKS

/** Checks that a policy may waive. */
type OnRequest =
  | 'td_debug'
  | 'td_migratable'
  | 'td_perfmon'
  | 'td_service_td'
  | 'image_h'
  | 'boot_image'
  | 'mr_seam'
  | 'platform_id'

/** The checks of one TDX quote. */
export type TdxChecklist = Checklist<TdxCheckName, OnRequest>

export const tdxChecklist = (): TdxChecklist => new Checklist(TDX_CHECKS)
