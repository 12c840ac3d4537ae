// Two enclaves verify each other on one connection before a key is passed on (paper §4, `request_sk`). The initiator has
// the key and dials; the responder wants it. Both quote that connection: the responder over the initiator's nonce, the
// initiator over the responder's challenge, each for its own purpose, so neither quote can be turned around.
import { randomBytes } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { DcmlError, equalBytes, toBase64url, toHex } from '@dcml/protocol'
import { AttestationRefused } from '../channel/refused.ts'
import type { AttestAnswer, AttestRequest } from '../channel/wire.ts'
import type { EvidenceJson } from '../evidence/evidence.ts'
import { type Attested, verifyEvidence } from '../evidence/verify.ts'
import { strictKeyPolicy } from '../policy/key-release.ts'
import { type AttestedConnection, type AttestOptions, connectAttested } from './connect.ts'
import type { Enclave } from './enclave.ts'
import { connectionExporter } from './exporter.ts'

export interface PeerExchangeOptions extends AttestOptions {
  readonly enclave: Enclave
  /** How long a challenge may wait for its answer, in milliseconds. Default 30,000. */
  readonly challengeTtlMs?: number
}

/** A verified peer, and our own evidence for it, to be sent with the key over `socket`. */
export interface PeerConnection extends AttestedConnection {
  readonly evidence: EvidenceJson
}

/**
 * Both sides of the exchange for one enclave. The policy belongs to the measured image: a host that could choose it could
 * choose who gets the key. Whatever it says, a peer must run this enclave's own image, in the same environment, and fulfil
 * `strictKeyPolicy`.
 */
export class PeerExchange {
  readonly #enclave: Enclave
  readonly #options: AttestOptions & { readonly clock: () => number }
  readonly #challengeTtlMs: number
  readonly #challenges = new WeakMap<TLSSocket, { challenge: Uint8Array; expires: number }>()

  /** @throws DcmlError `key_policy_too_wide` where the policy takes any boot image outside of development */
  constructor({ enclave, challengeTtlMs = 30_000, policy, clock = Date.now, ...options }: PeerExchangeOptions) {
    this.#enclave = enclave
    this.#challengeTtlMs = challengeTtlMs
    const own = { ...policy, environment: enclave.environment, imageH: [toHex(enclave.imageH)] }
    this.#options = { ...options, clock, policy: strictKeyPolicy(own) }
  }

  /** Responder: answers `GET /dcml/v1/evidence`; a `peer-responder` request also gets a challenge for its connection. */
  async attest(socket: TLSSocket, request: AttestRequest): Promise<AttestAnswer> {
    const answer = await this.#enclave.attest(socket, request)
    if (request.purpose !== 'peer-responder') return answer
    const challenge = Uint8Array.from(randomBytes(32))
    this.#challenges.set(socket, { challenge, expires: this.#options.clock() + this.#challengeTtlMs })
    return { ...answer, challenge: toBase64url(challenge) }
  }

  /**
   * Responder: judges the evidence that came with a key over `socket`. The challenge is spent, whatever the outcome.
   * @throws DcmlError `peer_challenge_missing`, `attestation_refused`, `peer_is_self`
   */
  async admit(socket: TLSSocket, evidence: unknown): Promise<Attested> {
    const entry = this.#challenges.get(socket)
    this.#challenges.delete(socket)
    const { policy, roots, clock } = this.#options
    if (entry === undefined || clock() > entry.expires)
      throw new DcmlError('peer_challenge_missing', 'This connection has no open challenge.', {
        hint: 'Ask for evidence with purpose peer-responder on the same connection first, and answer it once, in time.',
      })
    const now = new Date(clock())
    const result = await verifyEvidence({
      evidence,
      policy,
      ...(roots && { roots }),
      now,
      expect: {
        purpose: 'peer-initiator',
        nonce: entry.challenge,
        exporter: connectionExporter(socket, entry.challenge),
        tlsSpki: this.#enclave.tlsSpki,
      },
    })
    if (!result.ok) throw new AttestationRefused(result, now)
    this.#refuseSelf(result)
    return result
  }

  /**
   * Initiator: connects to an enclave of the same image, verifies it, and quotes this connection for it. No key has been
   * sent when this resolves; the caller sends it, with `evidence`, over `socket`.
   * @throws DcmlError as `connectAttested`, and `peer_challenge_missing`, `peer_is_self`, `quote_failed`
   */
  async dial(target: { host: string; port: number; signal?: AbortSignal }): Promise<PeerConnection> {
    const connection = await connectAttested({ ...this.#options, ...target, purpose: 'peer-responder' })
    const { socket, result, challenge } = connection
    try {
      this.#refuseSelf(result)
      if (challenge === undefined)
        throw new DcmlError('peer_challenge_missing', 'The peer gave no challenge.', {
          hint: 'The peer must run a runtime that takes part in request_sk.',
        })
      const exporter = connectionExporter(socket, challenge)
      const { tlsSpki } = result.claims
      const evidence = await this.#enclave.quote({ purpose: 'peer-initiator', nonce: challenge, tlsSpki, exporter })
      return { ...connection, evidence }
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

  #refuseSelf({ claims }: Attested): void {
    if (equalBytes(claims.boot, this.#enclave.boot))
      throw new DcmlError('peer_is_self', 'The peer is this very enclave.', {
        hint: 'Give the address of another one.',
      })
  }
}
