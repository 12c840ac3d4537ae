import type { Attested, EvidenceJson } from '@dcml/attestation'

/** The verified enclave at the other end of one connection. */
export interface Session {
  readonly attested: Attested
  /** As it came, to be kept beside receipts. */
  readonly evidence: EvidenceJson
}

/** A request with its exact bytes. */
export interface OutgoingRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: Headers
  readonly body: Uint8Array
  readonly signal: AbortSignal
}

/** An answer, and whose it is. */
export interface IncomingResponse {
  readonly status: number
  readonly statusText: string
  readonly headers: Headers
  readonly body: ReadableStream<Uint8Array> | null
  /** The enclave on the very connection that this answer came over. */
  readonly session: Session
}

/** Carries requests to one enclave over connections that were verified before anything was sent on them. */
export interface Transport {
  /**
   * Resolves when the head of the answer is there.
   * @throws DcmlError those of `connectAttested`, `connection_lost`, `response_timeout`, `client_closed`, or the reason
   * of `request.signal`; the body stream fails with the same
   */
  send(request: OutgoingRequest): Promise<IncomingResponse>
  /** Closes every connection. */
  close(): void
}
