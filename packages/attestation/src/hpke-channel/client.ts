// The browser's end. It sees neither certificate nor TLS exporter, so what makes a session this one is a key pair of its
// own, made for it: the enclave has the key quoted or signed, and HPKE's Auth mode lets only its holder use the session.
import { DcmlError, fromBase64url } from '@dcml/protocol'
import { AttestationRefused } from '../channel/refused.ts'
import type { EvidenceJson } from '../evidence/evidence.ts'
import { type Attested, verifyEvidence } from '../evidence/verify.ts'
import type { Policy } from '../policy/policy.ts'
import { type Exchanges, exchanges } from './exchange.ts'
import { makeKeyPair } from './keys.ts'
import { formatChannelRequest, parseChannelAnswer } from './wire.ts'

/** How to judge an enclave's answer. */
export interface AcceptOptions {
  readonly policy: Policy
  /** Roots to trust instead of the pinned ones (DER, or PEM text). */
  readonly roots?: readonly (Uint8Array | string)[]
  /** The time to judge at. */
  readonly now: Date
}

/** A session that was asked for. */
export interface ChannelOffer {
  /** Body of `POST` to `CHANNEL_ATTEST_PATH`. */
  readonly request: Uint8Array<ArrayBuffer>
  /**
   * Judges the answer.
   * @throws DcmlError `evidence_malformed`, `attestation_refused` (an `AttestationRefused` with its checks)
   */
  accept(answer: Uint8Array, options: AcceptOptions): Promise<Channel>
}

/** A sealed way to one verified enclave, for any number of requests, side by side too. */
export interface Channel extends Exchanges {
  readonly attested: Attested
  /** As it came, to be kept beside receipts. */
  readonly evidence: EvidenceJson
  /** How long the enclave says that it keeps the session, in milliseconds. Nobody vouches for it. */
  readonly lifetimeMs: number
}

/**
 * Begins a session: makes its key pair and nonce.
 * @param binding of the policy; `key` is no choice here, since there is no other key than the session's
 * @throws DcmlError `secure_context_required` where there is no WebCrypto, `browser_unsupported` without X25519
 */
export async function offerChannel(binding: Policy['binding']): Promise<ChannelOffer> {
  requireWebCrypto()
  const { pair, publicKey: clientKey } = await makeKeyPair()
  const nonce = crypto.getRandomValues(new Uint8Array(32))
  const used = binding === 'session-quoted' ? 'session-quoted' : 'session-signed'
  return {
    request: formatChannelRequest({ nonce, clientKey, binding: used }),
    async accept(answer, { policy, roots, now }) {
      const { evidence, session, lifetimeMs, signature, hpkeKey } = parseChannelAnswer(answer)
      const result = await verifyEvidence({
        evidence,
        policy: { ...policy, binding: used },
        ...(roots && { roots }),
        now,
        expect: { purpose: 'browser', nonce, clientKey, ...(signature && { signature }), ...(hpkeKey && { hpkeKey }) },
      })
      if (!result.ok) throw new AttestationRefused(result, now)
      // verified, so of the form that the schema of evidence gives it
      const verified = evidence as unknown as EvidenceJson
      const claims = fromBase64url(verified.claims)
      // the signature, where there is one, was of this key
      const keys = { pair, hpkeKey: hpkeKey ?? result.claims.hpkeKey }
      return {
        attested: result,
        evidence: verified,
        lifetimeMs,
        ...(await exchanges({ claims, nonce, session, ...keys })),
      }
    },
  }
}

function requireWebCrypto(): void {
  if (globalThis.crypto?.subtle !== undefined) return
  throw new DcmlError('secure_context_required', 'This page may not use cryptography.', {
    hint: 'Browsers withhold WebCrypto from pages that came over plain http. Serve the page over https, or from localhost.',
  })
}
