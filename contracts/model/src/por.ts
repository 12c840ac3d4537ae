// What travels over Proof of Response, as @dcml/protocol/por writes it, which is the oracle here.
import { type Domain, Reader } from './borsh.ts'

/** An object, the bytes that are signed, and the signature under them. */
export interface Signed<T> {
  readonly body: T
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
}

/** What a requester signs; the subject is its node key. Hashes and keys of 32 bytes. */
export interface PorRequest {
  readonly domain: Domain
  readonly requestId: Uint8Array
  readonly requester: string
  readonly recipient: string
  readonly recipientKey: Uint8Array
  readonly payloadHash: Uint8Array
  readonly payloadLength: number
  readonly maxResponse: number
  readonly lateRate: bigint
  /** Milliseconds that the recipient may take. */
  readonly service: number
  readonly app: string
}

/** What the recipient signs; the subject is its node key. */
export interface PorResponse {
  readonly domain: Domain
  readonly requestHash: Uint8Array
  readonly status: number
  readonly payloadHash: Uint8Array
  readonly payloadLength: number
}

/** Most bytes of each, signature included. */
export const LONGEST_REQUEST = 549
export const LONGEST_RESPONSE = 323

function signed<T>(input: Uint8Array, read: (reader: Reader) => T): Signed<T> {
  const reader = new Reader(input)
  const body = read(reader)
  const bytes = reader.read()
  const signature = reader.raw(64)
  reader.end()
  return { body, bytes, signature }
}

/** @throws Error for anything but the exact bytes of one signed request */
export const readRequest = (input: Uint8Array): Signed<PorRequest> =>
  signed(input, (reader) => ({
    domain: reader.domain(),
    requestId: reader.raw(32),
    requester: reader.text(64),
    recipient: reader.text(64),
    recipientKey: reader.raw(32),
    payloadHash: reader.raw(32),
    payloadLength: reader.u32(),
    maxResponse: reader.u32(),
    lateRate: reader.u128(),
    service: reader.u32(),
    app: reader.text(32),
  }))

/** @throws Error for anything but the exact bytes of one signed response */
export const readResponse = (input: Uint8Array): Signed<PorResponse> =>
  signed(input, (reader) => ({
    domain: reader.domain(),
    requestHash: reader.raw(32),
    status: reader.u8(),
    payloadHash: reader.raw(32),
    payloadLength: reader.u32(),
  }))
