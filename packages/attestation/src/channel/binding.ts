// Is this evidence about this very connection? A key alone does not answer that: whoever holds a leaked TLS key can
// relay (CVE-2026-33697). The TLS exporter does, because no two connections share one (RFC 8446 §7.5). A browser sees
// neither; the key pair that it makes for one session stands for both.
import { concatBytes, equalBytes, utf8, verifyEd25519 } from '@dcml/protocol'
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
  /** X25519 public key that the enclave gives for the browser's session, where a signature and not the quote is of it. */
  readonly hpkeKey?: Uint8Array
  /**
   * Signature by the session key over `sessionMessage`, or for a browser over `browserSessionMessage`; present where the
   * quote is not of this connection.
   */
  readonly signature?: Uint8Array
}

/** What a session key signs to tie a connection to evidence quoted before it. */
export const sessionMessage = (nonce: Uint8Array, exporter: Uint8Array): Uint8Array =>
  concatBytes(utf8('dcml/session/1\0'), nonce, exporter)

/**
 * What a session key signs to tie the one-time keys of a browser's session, its own and the enclave's, to evidence quoted
 * before it. All are 32 bytes.
 */
export const browserSessionMessage = (nonce: Uint8Array, clientKey: Uint8Array, hpkeKey: Uint8Array): Uint8Array =>
  concatBytes(utf8('dcml/browser-session/1\0'), nonce, clientKey, hpkeKey)

/**
 * Judges purpose, nonce, exporter, TLS key, the browser's key and the session signature by what the policy's binding
 * demands.
 */
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
      ? skipped(name, 'nothing of this connection to compare with; the policy asks for none')
      : fail(name, `the policy demands ${policy.binding}, but nothing of this connection was given to compare with`)
  }

  /** A claim of the other kind of channel has no place here. */
  const absent = (name: string, claimed: Uint8Array | undefined, why: string): Check =>
    claimed === undefined ? skipped(name, why) : fail(name, 'the evidence was made for a channel of another kind')

  const nonce = tied('nonce', 'nonce', claims.nonce, expect.nonce, signed)
  // a quote of another connection is refused, whoever signs this one
  const channel =
    expect.purpose === 'browser'
      ? [
          absent('exporter', claims.exporter, 'a browser has no TLS exporter: its one-time key stands for it'),
          skipped('tls_spki', "a browser cannot see the server's TLS key: its one-time key stands for it"),
          tied(
            'client_key',
            "the browser's key",
            claims.clientKey,
            expect.clientKey,
            signed && claims.clientKey === undefined,
          ),
        ]
      : [
          tied('exporter', 'TLS exporter', claims.exporter, expect.exporter, signed && claims.exporter === undefined),
          tied('tls_spki', 'TLS key', claims.tlsSpki, expect.tlsSpki, false),
          absent('client_key', claims.clientKey, 'only a browser makes such a key'),
        ]
  return [purpose, nonce, ...channel, await signatureCheck(claims, policy, expect)]
}

async function signatureCheck(claims: Claims, policy: Policy, expect: Expectation): Promise<Check> {
  const name = 'session_signature'
  const { signature, hpkeKey } = expect
  if (signature === undefined) {
    if (hpkeKey !== undefined && !equalBytes(hpkeKey, claims.hpkeKey))
      return fail(name, "the key for the browser's session is neither quoted nor signed")
    return skipped(name, 'none: the quote has to be of this connection itself')
  }
  if (policy.binding === 'session-quoted') return fail(name, 'the policy demands a quote of this connection itself')
  const message = signedMessage(expect)
  if (message === undefined) return fail(name, 'nothing of this connection was given to compare with')
  return (await verifyEd25519(claims.sessionKey, message, signature))
    ? pass(name, 'the session key signed this connection')
    : fail(name, 'the session key did not sign this connection')
}

function signedMessage({ purpose, nonce, exporter, clientKey, hpkeKey }: Expectation): Uint8Array | undefined {
  if (nonce === undefined) return undefined
  if (purpose === 'browser') return clientKey && hpkeKey && browserSessionMessage(nonce, clientKey, hpkeKey)
  return exporter && sessionMessage(nonce, exporter)
}
