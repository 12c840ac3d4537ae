// Is this evidence about this very connection? A key alone does not answer that: whoever holds a leaked TLS key can
// relay (CVE-2026-33697). The TLS exporter does, because no two connections share one (RFC 8446 §7.5).
import { concatBytes, utf8, verifyEd25519 } from '@dcml/protocol'
import type { Check } from '../check.ts'
import type { Claims, Purpose } from '../evidence/claims.ts'
import { fail, pass, same, skipped } from '../evidence/outcome.ts'
import type { Policy } from '../policy/policy.ts'

/** Label of the TLS exporter (RFC 8446 §7.5); its context is the verifier's nonce, its length 32 bytes. */
export const EXPORTER_LABEL = 'EXPORTER-dcml-attestation'

/** What the verifier knows by itself about the connection the evidence came over. */
export interface Expectation {
  /** The use the evidence must have been made for. */
  readonly purpose: Purpose
  /** The verifier's own nonce, 32 random bytes. */
  readonly nonce?: Uint8Array
  /** The verifier's own exporter value for that nonce. */
  readonly exporter?: Uint8Array
  /** SHA-256 of the DER SubjectPublicKeyInfo in the certificate of the TLS server. */
  readonly tlsSpki?: Uint8Array
  /** The browser's own one-time X25519 public key. */
  readonly clientKey?: Uint8Array
  /** Signature by the session key over `sessionMessage`; present where the quote is not of this connection. */
  readonly signature?: Uint8Array
}

/** What a session key signs to tie a connection to evidence quoted before it. */
export const sessionMessage = (nonce: Uint8Array, exporter: Uint8Array): Uint8Array =>
  concatBytes(utf8('dcml/session/1\0'), nonce, exporter)

/** Judges purpose, nonce, exporter, TLS key and session signature by what the policy's binding demands. */
export async function bindingChecks(claims: Claims, policy: Policy, expect: Expectation): Promise<Check[]> {
  const signed = expect.signature !== undefined
  const purpose =
    claims.purpose === expect.purpose
      ? pass('purpose', `made for ${claims.purpose}`)
      : fail('purpose', `made for ${claims.purpose}, not for ${expect.purpose}`)

  /** Compares a claim with the verifier's own value, unless the session signature covers that instead. */
  function tied(
    name: string,
    what: string,
    claimed: Uint8Array | undefined,
    own: Uint8Array | undefined,
    bySignature: boolean,
  ): Check {
    if (own !== undefined)
      return bySignature ? skipped(name, 'covered by the session signature') : same(name, what, claimed, own)
    return policy.binding === 'key'
      ? skipped(name, 'no connection to compare with; the policy asks for none')
      : fail(name, `the policy demands ${policy.binding}, but no connection was given to compare with`)
  }

  return [
    purpose,
    tied('nonce', 'nonce', claims.nonce, expect.nonce, signed),
    // a quote of another connection is refused, whoever signs this one
    tied('exporter', 'TLS exporter', claims.exporter, expect.exporter, signed && claims.exporter === undefined),
    tied('tls_spki', 'TLS key', claims.tlsSpki, expect.tlsSpki, false),
    await signatureCheck(claims, policy, expect),
  ]
}

async function signatureCheck(claims: Claims, policy: Policy, expect: Expectation): Promise<Check> {
  const name = 'session_signature'
  const { nonce, exporter, signature } = expect
  if (signature === undefined) return skipped(name, 'none: the quote has to be of this connection itself')
  if (policy.binding === 'session-quoted') return fail(name, 'the policy demands a quote of this connection itself')
  if (nonce === undefined || exporter === undefined) return fail(name, 'no connection was given to compare with')
  return (await verifyEd25519(claims.sessionKey, sessionMessage(nonce, exporter), signature))
    ? pass(name, 'the session key signed this connection')
    : fail(name, 'the session key did not sign this connection')
}
