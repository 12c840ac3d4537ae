import type { Check } from '../check.ts'
import { unreached } from './outcome.ts'

/** The checks of `verifyEvidence` that come before those of the CPU's TEE, with what each establishes. */
export const FORMAT_CHECKS = {
  evidence_format: 'The evidence has every field, within its size.',
  tee: 'The policy accepts this kind of TEE.',
} as const

/**
 * The checks of `verifyEvidence` that come after those of the CPU's TEE and of the GPUs, with what each establishes.
 * `mr_config_id` and `event_log` are of TDX, `host_data` is of SEV-SNP.
 */
export const CLAIMS_CHECKS = {
  claims: 'The claims can be read, in one way only.',
  report_data: 'The TEE signed these claims, for the purpose they name.',
  purpose: 'The evidence was made for this use.',
  nonce: 'The evidence was made for this request.',
  exporter: 'The evidence was made for this TLS connection.',
  tls_spki: "The evidence names the TLS server's key.",
  client_key: "The evidence names this browser's one-time key.",
  session_signature: 'The attested session key signed this connection.',
  gpu_evidence: 'The quoted claims name this very GPU evidence.',
  manifest: 'The image manifest is the one that the claims name.',
  mr_config_id: 'The TD was started for this image manifest.',
  event_log: 'RTMR3 shows that the manifest was measured, once, before the workload ran.',
  host_data: 'The guest was started for this image manifest.',
  model_h: 'The policy and the image manifest accept the loaded model.',
  age: 'The evidence is fresh.',
} as const

const OF_TEE = { tdx: ['mr_config_id', 'event_log'], snp: ['host_data'] } as const

/** Names of the claims checks that evidence of one kind of TEE undergoes. */
export const claimsChecksOf = (tee: 'tdx' | 'snp'): string[] => {
  const foreign: readonly string[] = OF_TEE[tee === 'tdx' ? 'snp' : 'tdx']
  return Object.keys(CLAIMS_CHECKS).filter((name) => !foreign.includes(name))
}

/** Every check by name and in order, whether it was reached or not. */
export const complete = (names: readonly string[], checks: readonly Check[]): Check[] =>
  names.map((name) => checks.find((check) => check.name === name) ?? unreached(name))
