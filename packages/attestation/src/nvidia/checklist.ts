import { Checklist } from '../checklist.ts'

/**
 * Every check of the GPUs and switches of one machine by its stable name, in order, with what it establishes. Each
 * speaks of all devices, and names those that fail it. Those of {@link OnRequest} are skipped where the policy does not
 * ask for them or the machine has no such thing; all others have to pass.
 */
export const GPU_CHECKS = {
  gpu_count: 'There are as many GPUs and switches as the policy asks for.',
  gpu_report_format: 'Each report is a request for measurements with its signed answer (SPDM 1.1), and nothing more.',
  gpu_fields: 'Each report names the versions and identifiers of its kind of device, each once.',
  gpu_certificates: 'The certificates of each device are strict PEM and DER.',
  gpu_rim_format: 'Each reference manifest (RIM) has the one form that NVIDIA gives them.',
  gpu_revocation_format: 'Each revocation statement is an OCSP response or a CRL in strict DER.',
  gpu_root_pinned: "Each device's chain ends in one trusted root, compared by bytes.",
  gpu_rim_root_pinned: "Each RIM's chain ends in one trusted root, compared by bytes.",
  gpu_environment: 'All certificates belong to the environment that the policy demands.',
  gpu_chain: 'The five certificates of each device form a valid chain.',
  gpu_signature: "Each report is signed by its device's key.",
  gpu_fwid: "The firmware that holds each device's key is the one that its report names (FWID).",
  gpu_identity: "Each device's kind, chip and identifier are those of its certificates.",
  gpu_distinct: 'No device is there twice.',
  gpu_nonce: 'Each device signed the nonce that was asked for.',
  gpu_chip: 'The policy accepts the chip of each GPU.',
  gpu_mode: 'The mode that each GPU reports is that of a machine with these devices.',
  gpu_topology: 'GPUs and switches are wired to each other and to no others, and switches are locked.',
  gpu_rim_chain: 'The certificates of each RIM form a valid chain.',
  gpu_rim_signature: 'Each RIM is signed, whole, by its chain.',
  gpu_rim_match: 'Each device has the RIM of its firmware, each GPU that of its driver too.',
  gpu_rim_indices: "No measurement is claimed by both the driver's and the firmware's RIM.",
  gpu_measurements: 'Each device measures what its RIMs say.',
  gpu_min_driver: 'The driver is as new as the policy asks for.',
  gpu_min_vbios: 'The VBIOS of each GPU is as new as the policy asks for.',
  gpu_revocation_signature: 'Each revocation statement is signed by the issuer it speaks for, or by its delegate.',
  gpu_not_revoked: 'No statement revokes a certificate.',
  gpu_revocation_current: 'Recent statements show that each certificate is not revoked.',
  gpu_nras_format: "NVIDIA's verdicts have the form of a detached EAT, with the keys that signed them.",
  gpu_nras_signer: "The keys are certified by NVIDIA's attestation service, now.",
  gpu_nras_signature: 'Each token is signed with ES384, and the overall token names the others by digest.',
  gpu_nras_window: 'Each token is in force.',
  gpu_nras_nonce: 'Each token is for the nonce that the devices signed.',
  gpu_nras_devices: 'There is one token for each device, and it names that device.',
  gpu_nras_verdict: 'NVIDIA found every device as it should be.',
} as const

export type GpuCheckName = keyof typeof GPU_CHECKS

/** Checks that a policy may waive, or that this machine has no use for. */
type OnRequest = GpuCheckName

/** The checks of the GPUs of one machine. */
export type GpuChecklist = Checklist<GpuCheckName, OnRequest>

export const gpuChecklist = (): GpuChecklist => new Checklist(GPU_CHECKS)
