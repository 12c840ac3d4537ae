// What crosses in the clear: how a session is asked for, and where its requests go. Nobody believes any of it before the
// evidence was verified, or a record opened.
import { DcmlError, toBase64url, utf8 } from '@dcml/protocol'
import * as v from 'valibot'
import { type EvidenceJson, MAX_EVIDENCE_BYTES } from '../evidence/evidence.ts'
import { exactly, readJson, readValue } from '../evidence/fields.ts'

/** Path of the call that opens a session. */
export const CHANNEL_ATTEST_PATH = '/dcml/v1/channel/attest'

/** Bytes of a session's id. */
export const SESSION_ID_LENGTH = 16

/** Path of the requests of a session. */
export const channelPath = (session: Uint8Array): string => `/dcml/v1/channel/${toBase64url(session)}`

/** Longest body of the call that opens a session, in bytes. */
export const MAX_CHANNEL_REQUEST_BYTES = 1024

/** Longest answer to it, in bytes. */
export const MAX_CHANNEL_ANSWER_BYTES: number = MAX_EVIDENCE_BYTES + 1024

/** What a browser asks an enclave for. */
export interface ChannelRequest {
  /** 32 random bytes of the browser. */
  readonly nonce: Uint8Array
  /** The X25519 public key that it made for this one session. */
  readonly clientKey: Uint8Array
  /** `session-signed`: a recent quote and a signature over nonce and key. `session-quoted`: a quote of both. */
  readonly binding: 'session-signed' | 'session-quoted'
}

/** What an enclave answers. */
export interface ChannelAnswer {
  readonly evidence: EvidenceJson
  /** Id of the session, 16 bytes in base64url. */
  readonly session: string
  /** How long the session is kept, in milliseconds. */
  readonly lifetimeMs: number
  /** base64url, for `session-signed`: the X25519 key of this one session, and a signature of the session key over it. */
  readonly hpkeKey?: string
  readonly signature?: string
}

const requestSchema = v.strictObject({
  nonce: exactly(32),
  clientKey: exactly(32),
  binding: v.picklist(['session-signed', 'session-quoted']),
})

/** Body of the call that opens a session. */
export const formatChannelRequest = ({ nonce, clientKey, binding }: ChannelRequest): Uint8Array<ArrayBuffer> =>
  utf8(JSON.stringify({ nonce: toBase64url(nonce), clientKey: toBase64url(clientKey), binding }))

/** Reads the body of the call that opens a session. @throws DcmlError `evidence_request_invalid` */
export const parseChannelRequest = (body: Uint8Array): ChannelRequest =>
  readValue(
    requestSchema,
    readJson(body, MAX_CHANNEL_REQUEST_BYTES, 'evidence_request_invalid'),
    'evidence_request_invalid',
  )

const answerSchema = v.pipe(
  v.strictObject({
    evidence: v.record(v.string(), v.unknown()),
    session: exactly(SESSION_ID_LENGTH),
    lifetimeMs: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
    hpkeKey: v.exactOptional(exactly(32)),
    signature: v.exactOptional(exactly(64)),
  }),
  v.check(({ hpkeKey, signature }) => (hpkeKey === undefined) === (signature === undefined), 'a key without signature'),
)

/** An answer whose evidence nobody has looked at yet. */
export type UnverifiedChannelAnswer = v.InferOutput<typeof answerSchema>

/** Reads the envelope of an answer. @throws DcmlError `evidence_malformed` */
export const parseChannelAnswer = (body: Uint8Array): UnverifiedChannelAnswer =>
  readValue(answerSchema, readJson(body, MAX_CHANNEL_ANSWER_BYTES, 'evidence_malformed'), 'evidence_malformed')

/** The version that both ends speak, first byte of every request and answer. */
export const VERSION = 1

/** What a request says in the clear before its records: version, encapsulated key (RFC 9180 §5.1) and number. */
export interface RequestPreface {
  readonly enc: Uint8Array
  readonly sequence: number
}

/** Bytes of a request before its records: version, 32 of enc, 8 of sequence (big endian). */
export const PREFACE_LENGTH = 41

export function writePreface({ enc, sequence }: RequestPreface): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PREFACE_LENGTH)
  bytes[0] = VERSION
  bytes.set(enc, 1)
  bytes.set(u64(sequence), 33)
  return bytes
}

/** @throws DcmlError `channel_truncated`, `channel_version_unknown`, `channel_tampered` */
export function readPreface(bytes: Uint8Array): RequestPreface {
  if (bytes.length > 0) requireVersion(bytes[0]!)
  if (bytes.length < PREFACE_LENGTH) throw truncated()
  const sequence = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(33)
  if (sequence > BigInt(Number.MAX_SAFE_INTEGER)) throw tampered('its number is none that counts requests')
  return { enc: bytes.slice(1, 33), sequence: Number(sequence) }
}

/** @throws DcmlError `channel_version_unknown` */
export function requireVersion(version: number): void {
  if (version === VERSION) return
  throw new DcmlError(
    'channel_version_unknown',
    `The other end speaks version ${version} of the channel, not ${VERSION}.`,
    {
      hint: 'Use the same release of DCML at both ends.',
    },
  )
}

/** A whole number below 2^53 as 8 bytes, big endian. */
export function u64(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

/** It ended before its final record: what came is not all there was. */
export const truncated = (cause?: unknown): DcmlError =>
  new DcmlError('channel_truncated', 'The message ended before its end was said.', {
    hint: 'It was cut off on the way. What was shown of it is not the whole of it. Ask again.',
    retryable: true,
    cause,
  })

/** It is not what the other end of the session sent next. */
export const tampered = (why: string, cause?: unknown): DcmlError =>
  new DcmlError('channel_tampered', `The message is not what the other end sent: ${why}.`, {
    hint: 'It was changed, moved or repeated on the way, or is of another session. Do not use what was shown of it.',
    cause,
  })
