import { toBase64url, utf8 } from '@dcml/protocol'
import * as v from 'valibot'
import { MAX_DSTACK_LOG_BYTES } from '../logs/dstack.ts'
import type { CpuEvidence, GpuEvidence, SnpEvidence, TdxEvidence } from '../tee.ts'
import { MAX_CLAIMS_BYTES } from './claims.ts'
import { atMost, exactly, readJson, readValue, textUpTo } from './fields.ts'
import { MAX_MANIFEST_BYTES } from './manifest.ts'

/** Everything a verifier needs to judge an enclave offline. */
export interface Evidence {
  /** Exact bytes of the claims, as they were hashed into the quote. */
  readonly claims: Uint8Array
  readonly cpu: CpuEvidence
  /** The GPUs and switches of the machine, in the order that `gpuEvidenceH` hashes them. */
  readonly gpu: readonly GpuEvidence[]
  /** Exact bytes of the image manifest. */
  readonly manifest: Uint8Array
}

/** Longest evidence a verifier reads, in bytes of JSON. */
export const MAX_EVIDENCE_BYTES = 4_194_304

/** Eight GPUs and four switches are the largest machine of today. */
const MAX_DEVICES = 16

const certificate = atMost(4096)
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
  cpu: v.variant('tee', [
    v.strictObject({
      tee: v.literal('tdx'),
      quote: atMost(32_768),
      collateral,
      eventLog: v.exactOptional(atMost(MAX_DSTACK_LOG_BYTES)),
    }),
    v.strictObject({
      tee: v.literal('snp'),
      report: exactly(1184),
      vek: certificate,
      ask: certificate,
      ark: certificate,
      crl: v.exactOptional(atMost(65_536)),
    }),
  ]),
  gpu: v.pipe(
    v.array(
      v.strictObject({
        kind: v.picklist(['gpu', 'switch']),
        report: atMost(16_384),
        certificates: pem,
        rims: v.pipe(v.array(textUpTo(262_144)), v.maxLength(4)),
        revocations: v.pipe(v.array(atMost(16_384)), v.maxLength(16)),
        nras: v.exactOptional(textUpTo(131_072)),
      }),
    ),
    v.maxLength(MAX_DEVICES),
  ),
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
  const { v: _, ...evidence } = readValue(schema, json, 'evidence_malformed')
  return evidence
}

/** The same object with its bytes as base64url text. */
type Json<T> = { readonly [K in keyof T]: T[K] extends Uint8Array | undefined ? string : T[K] }

/** The JSON form of evidence, ready for `JSON.stringify`. */
export interface EvidenceJson {
  readonly v: 1
  readonly claims: string
  readonly cpu: Json<TdxEvidence> | Json<SnpEvidence>
  readonly gpu: readonly (Omit<Json<GpuEvidence>, 'revocations'> & { readonly revocations: readonly string[] })[]
  readonly manifest: string
}

/** The JSON object of evidence; `parseEvidence` reads it back. */
export const evidenceToJson = ({ claims, cpu, gpu, manifest }: Evidence): EvidenceJson => ({
  v: 1,
  claims: toBase64url(claims),
  cpu: withText(cpu),
  gpu: gpu.map((device) => ({ ...withText(device), revocations: device.revocations.map(toBase64url) })),
  manifest: toBase64url(manifest),
})

const withText = <T extends object>(fields: T): Json<T> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Uint8Array ? toBase64url(value) : value]),
  ) as Json<T>

/** The JSON bytes of evidence, for a file. */
export const formatEvidence = (evidence: Evidence): Uint8Array<ArrayBuffer> =>
  utf8(JSON.stringify(evidenceToJson(evidence)))
