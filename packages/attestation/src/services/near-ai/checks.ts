import { COMPOSE_CHECKS } from '../dstack/compose.ts'

/** Every check of a machine of NEAR AI Cloud beyond those of its TEE and GPUs. */
export const NEAR_CHECKS = {
  service_report_data: 'The quote names the signing key, and the TLS key where the machine tells one.',
  service_nonce: 'The quote carries the nonce that was sent.',
  service_tls_key: 'The TLS key of the connection is the one that the quote names.',
  service_tls_certificate: 'The certificate in the answer has that TLS key.',
  service_encryption_key: 'The key that clients encrypt to belongs to the signing key that the quote names.',
  service_ohttp_key: 'The signing key signed the key that Oblivious HTTP encrypts to.',
  ...COMPOSE_CHECKS,
} as const

/** Every check of the compose manager that deploys to such a machine, which brings a quote of its own. */
export const NEAR_MANAGER_CHECKS = {
  service_report_data: 'The quote names the list of what was deployed.',
  service_nonce: 'The quote carries the nonce that was sent.',
  service_same_machine: 'It runs in the TD of the machine that it is attested with.',
} as const

/** Every check of a signature that NEAR AI Cloud made of an answer. */
export const NEAR_SIGNATURE_CHECKS = {
  service_signature: 'The key of the address that is named made the signature.',
  service_signed_text: 'What is signed has the form of hashes of a request and an answer.',
  service_request_hash: 'The request has the hash that is signed.',
  service_response_hash: 'The answer has the hash that is signed.',
  service_signer_attested: 'The report that was given attests this key.',
} as const
