import { toBase64url, utf8 } from '@dcml/protocol'
import * as v from 'valibot'
import type { CpuEvidence } from '../tee.ts'
import { MAX_CLAIMS_BYTES } from './claims.ts'
import { MAX_EVENT_LOG_BYTES } from './event-log.ts'
import { atMost, readJson, readValue, textUpTo } from './fields.ts'
import { MAX_MANIFEST_BYTES } from './manifest.ts'

/** Everything a verifier needs to judge an enclave offline. */
export interface Evidence {
  /** Exact bytes of the claims, as they were hashed into the quote. */
  readonly claims: Uint8Array
  readonly cpu: CpuEvidence
  /** Exact bytes of the image manifest. */
  readonly manifest: Uint8Array
}

/** Longest evidence a verifier reads, in bytes of JSON. */
export const MAX_EVIDENCE_BYTES = 1_048_576

const pem = textUpTo(32_768)
const crl = textUpTo(262_144)
const signature = textUpTo(128)
const collateral = v.strictObject({
  pck_crl_issuer_chain: pem,
  root_ca_crl: crl,
  pck_crl: crl,
  tcb_info_issuer_chain: pem,
  tcb_info: textUpTo(131_072),
  tcb_info_signature: signature,
  qe_identity_issuer_chain: pem,
  qe_identity: textUpTo(32_768),
  qe_identity_signature: signature,
})

const schema = v.strictObject({
  v: v.literal(1),
  claims: atMost(MAX_CLAIMS_BYTES),
  cpu: v.strictObject({
    tee: v.literal('tdx'),
    quote: atMost(32_768),
    collateral,
    eventLog: v.exactOptional(atMost(MAX_EVENT_LOG_BYTES)),
  }),
  gpu: v.pipe(v.array(v.unknown()), v.length(0, 'GPU evidence is not known to this version')),
  manifest: atMost(MAX_MANIFEST_BYTES),
})

/**
 * Reads evidence from its JSON: bytes, text, or an object that was already parsed. Every length is limited before
 * anything is decoded. Says nothing about truth: that is `verifyEvidence`.
 * @throws DcmlError `evidence_malformed`
 */
export function parseEvidence(input: unknown): Evidence {
  const isText = typeof input === 'string' || input instanceof Uint8Array
  const json = isText ? readJson(input, MAX_EVIDENCE_BYTES, 'evidence_malformed') : input
  const { claims, cpu, manifest } = readValue(schema, json, 'evidence_malformed')
  return { claims, cpu, manifest }
}

/** The JSON form of evidence, ready for `JSON.stringify`. */
export interface EvidenceJson {
  readonly v: 1
  readonly claims: string
  readonly cpu: Omit<CpuEvidence, 'quote' | 'eventLog'> & { readonly quote: string; readonly eventLog?: string }
  readonly gpu: readonly []
  readonly manifest: string
}

/** The JSON object of evidence; `parseEvidence` reads it back. */
export function evidenceToJson({ claims, cpu, manifest }: Evidence): EvidenceJson {
  return {
    v: 1,
    claims: toBase64url(claims),
    cpu: {
      tee: cpu.tee,
      quote: toBase64url(cpu.quote),
      collateral: cpu.collateral,
      ...(cpu.eventLog && { eventLog: toBase64url(cpu.eventLog) }),
    },
    gpu: [],
    manifest: toBase64url(manifest),
  }
}

/** The JSON bytes of evidence, for a file. */
export const formatEvidence = (evidence: Evidence): Uint8Array<ArrayBuffer> =>
  utf8(JSON.stringify(evidenceToJson(evidence)))
