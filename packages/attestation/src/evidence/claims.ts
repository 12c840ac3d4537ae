import { concatBytes, equalBytes, toBase64url, utf8 } from '@dcml/protocol'
import { sha512 } from '@noble/hashes/sha2.js'
import * as v from 'valibot'
import { exactly, malformed, readJson, readValue } from './fields.ts'

/**
 * What a quote was made for, so that one made for one use is worthless for another: an ordinary client's session, the
 * answering side of an exchange between enclaves, its calling side (paper §4, `request_sk`), or the sealed channel of a
 * browser, which sees neither TLS exporter nor certificate.
 */
export type Purpose = 'session' | 'peer-responder' | 'peer-initiator' | 'browser'

/**
 * What an enclave says about itself and has its TEE sign. Every key a verifier uses is read from here and nowhere
 * else. Hashes, keys and nonces are 32 bytes.
 */
export interface Claims {
  readonly purpose: Purpose
  /** The verifier's nonce, or the enclave's own random one in evidence that it keeps for many connections. */
  readonly nonce: Uint8Array
  /** SHA-256 of the DER SubjectPublicKeyInfo of the TLS server's key on the connection this evidence speaks about. */
  readonly tlsSpki: Uint8Array
  /** TLS exporter value of the one connection this quote was made for (RFC 8446 §7.5). */
  readonly exporter?: Uint8Array
  /** X25519 public key that a browser made for the one session this quote was made for: its stand-in for the exporter. */
  readonly clientKey?: Uint8Array
  /** X25519 public key for HPKE. */
  readonly hpkeKey: Uint8Array
  /** Ed25519 public key that signs receipts and sessions. */
  readonly sessionKey: Uint8Array
  /** `gpuEvidenceH` of the evidence of the machine's GPUs; absent where it brings none. */
  readonly gpuEvidence?: Uint8Array
  /** SHA-256 of the image manifest (`docker_hash` of the paper). */
  readonly imageH: Uint8Array
  /** The model that is loaded (paper §3); absent before there is one. */
  readonly modelH?: Uint8Array
  /** Random per start of the enclave, against clones. */
  readonly boot: Uint8Array
  /** Unix time in milliseconds by the enclave's clock. */
  readonly iat: number
}

/** Longest claims a verifier reads, in bytes. */
export const MAX_CLAIMS_BYTES = 4096

const hash = exactly(32)
const schema = v.strictObject({
  v: v.literal(1),
  purpose: v.picklist(['session', 'peer-responder', 'peer-initiator', 'browser']),
  nonce: hash,
  tlsSpki: hash,
  exporter: v.exactOptional(hash),
  clientKey: v.exactOptional(hash),
  hpkeKey: hash,
  sessionKey: hash,
  gpuEvidence: v.exactOptional(hash),
  imageH: hash,
  modelH: v.exactOptional(hash),
  boot: hash,
  iat: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
})

/** Writes claims as the JSON bytes that are hashed into the quote: members in the order of `Claims`, no spaces. */
export function encodeClaims(claims: Claims): Uint8Array<ArrayBuffer> {
  const { purpose, nonce, tlsSpki, exporter, clientKey, hpkeKey, sessionKey, gpuEvidence, imageH, modelH, boot, iat } =
    claims
  const optional = (bytes: Uint8Array | undefined): string | undefined => bytes && toBase64url(bytes)
  return utf8(
    JSON.stringify({
      v: 1,
      purpose,
      nonce: toBase64url(nonce),
      tlsSpki: toBase64url(tlsSpki),
      exporter: optional(exporter),
      clientKey: optional(clientKey),
      hpkeKey: toBase64url(hpkeKey),
      sessionKey: toBase64url(sessionKey),
      gpuEvidence: optional(gpuEvidence),
      imageH: toBase64url(imageH),
      modelH: optional(modelH),
      boot: toBase64url(boot),
      iat,
    }),
  )
}

/**
 * Reads claims. Only the exact form of `encodeClaims` is accepted, so no two readers can disagree about a doubled
 * member or an odd number.
 * @throws DcmlError `claims_malformed`
 */
export function parseClaims(bytes: Uint8Array): Claims {
  const json = readJson(bytes, MAX_CLAIMS_BYTES, 'claims_malformed')
  const { v: _, ...claims } = readValue(schema, json, 'claims_malformed')
  if (!equalBytes(encodeClaims(claims), bytes)) throw malformed('claims_malformed', 'it is not in canonical form')
  return claims
}

/**
 * The 64 bytes that the TEE signs: SHA-512 over a domain tag, the purpose and the claims, separated by zero bytes. A
 * quoting service must compute this itself: one that signs report data from outside can be made to sign anything.
 */
export const reportData = (purpose: Purpose, claims: Uint8Array): Uint8Array =>
  sha512(concatBytes(utf8('dcml/report-data/1\0'), utf8(purpose), Uint8Array.of(0), claims))
