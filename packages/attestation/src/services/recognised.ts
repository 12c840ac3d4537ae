import type { DstackEvidence } from './dstack/evidence.ts'
import type { NearReport } from './near-ai/report.ts'
import type { NearSignature } from './near-ai/signature.ts'
import type { NvidiaEvidence } from './nvidia.ts'
import type { TinfoilEvidence } from './tinfoil/document.ts'

/** Something that looks like evidence, taken apart; nothing in it is verified. */
export type Recognised =
  /** Evidence of a DCML enclave, as `formatEvidence` writes it. */
  | { readonly kind: 'dcml-evidence'; readonly evidence: unknown }
  /** What a DCML enclave answers to a verifier: evidence and the signature over one connection. */
  | { readonly kind: 'dcml-attest-answer'; readonly evidence: unknown }
  /** Answer of NEAR AI Cloud to `GET /v1/attestation/report`, of a gateway or of a model's machine. */
  | { readonly kind: 'near-ai'; readonly report: NearReport }
  /** Answer of NEAR AI Cloud to `GET /v1/signature/{id}`. */
  | { readonly kind: 'near-ai-signature'; readonly signature: NearSignature }
  /** Answer of dstack's guest agent (`GetQuote`, `Info`), or an RA-TLS certificate. */
  | { readonly kind: 'dstack'; readonly evidence: DstackEvidence }
  /** Tinfoil's attestation document, of version 2 or 3, or the bundle of its attestation service. */
  | { readonly kind: 'tinfoil'; readonly document: TinfoilEvidence }
  /** What NVIDIA's tools collect from GPUs. */
  | { readonly kind: 'nvidia-evidence'; readonly evidence: NvidiaEvidence }
  | { readonly kind: 'tdx-quote'; readonly quote: Uint8Array }
  | { readonly kind: 'snp-report'; readonly report: Uint8Array }
