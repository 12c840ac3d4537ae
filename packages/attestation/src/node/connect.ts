import { randomBytes } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { DcmlError } from '@dcml/protocol'
import type { Expectation } from '../channel/binding.ts'
import { AttestationRefused } from '../channel/refused.ts'
import { type AttestRequest, formatAttestRequest, parseAttestAnswer } from '../channel/wire.ts'
import { type EvidenceJson, MAX_EVIDENCE_BYTES } from '../evidence/evidence.ts'
import { readJson } from '../evidence/fields.ts'
import { type Attested, verifyEvidence } from '../evidence/verify.ts'
import type { Policy } from '../policy/policy.ts'
import { requestOnce } from './answer.ts'
import { dial } from './dial.ts'
import { connectionExporter, peerSpki } from './exporter.ts'

/** Whom to accept, and for how long to wait. */
export interface AttestOptions {
  /** What a peer is asked for is bound to the session at least: `key` counts as `session-signed`, which costs no more. */
  readonly policy: Policy
  /** Roots to trust instead of the pinned ones; a development root is only ever given here. */
  readonly roots?: readonly (Uint8Array | string)[]
  /** Unix time in milliseconds. Default `Date.now`. */
  readonly clock?: () => number
  /** For connecting, the handshake and the evidence together, in milliseconds. Default 15,000. */
  readonly timeoutMs?: number
}

export interface ConnectOptions extends AttestOptions {
  readonly host: string
  readonly port: number
  /** Gives up early. */
  readonly signal?: AbortSignal
  /** Default `session`. */
  readonly purpose?: AttestRequest['purpose']
  /**
   * Evidence of purpose `session` that came another way, such as from a file or a directory of hosts. Then the peer is asked
   * for nothing, and only its TLS key is compared: a policy with another binding than `key` refuses that, and whoever
   * has that key can relay (CVE-2026-33697), of which the result warns.
   */
  readonly evidence?: EvidenceJson
}

/** A connection whose other end was verified. HTTP/1.1 may go on over it. */
export interface AttestedConnection {
  readonly socket: TLSSocket
  /** What was checked; its claims hold every key of the enclave. */
  readonly result: Attested
  /** The peer's evidence as it came: kept beside what the peer signs, it lets anyone judge that later. */
  readonly peerEvidence: EvidenceJson
  /** TLS exporter value that the evidence is bound to; absent where evidence was given and the TLS key is all it names. */
  readonly exporter?: Uint8Array
  /** Nonce the peer wants in our own quote, where it is an enclave that was asked for one. */
  readonly challenge?: Uint8Array
}

/**
 * Connects to an enclave and verifies it on that very connection. Until that has succeeded nothing but the evidence
 * request is sent; when it fails the connection is destroyed.
 * @throws DcmlError `address_invalid`, `peer_unreachable`, `tls_failed`, `evidence_missing`, `evidence_malformed`, `evidence_too_large`,
 * `attestation_refused` (an `AttestationRefused`), `attestation_timeout`, `attestation_aborted`
 */
export async function connectAttested(options: ConnectOptions): Promise<AttestedConnection> {
  const { host, port, timeoutMs = 15_000 } = options
  requireAddress(host, port)
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(timeout(host, port, timeoutMs)), timeoutMs)
  const onAbort = (): void => controller.abort(aborted(options.signal?.reason))
  if (options.signal?.aborted) onAbort()
  options.signal?.addEventListener('abort', onAbort)
  let socket: TLSSocket | undefined
  const destroy = (): void => void socket?.destroy(controller.signal.reason)
  try {
    socket = await dial(host, port, controller.signal)
    controller.signal.addEventListener('abort', destroy)
    const verified = await verifyPeer(socket, options)
    controller.signal.throwIfAborted()
    if (socket.destroyed) throw lost(host, port)
    return { socket, ...verified }
  } catch (error) {
    socket?.destroy()
    throw controller.signal.aborted ? controller.signal.reason : error
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', onAbort)
    controller.signal.removeEventListener('abort', destroy)
  }
}

type Verified = Omit<AttestedConnection, 'socket'>

function verifyPeer(socket: TLSSocket, options: ConnectOptions): Promise<Verified> {
  const { evidence, policy } = options
  if (evidence === undefined) return askPeer(socket, options)
  return judge(options, evidence, policy, { purpose: 'session', tlsSpki: peerSpki(socket) })
}

/** Asks for evidence of this connection. The exporter tells it from every other, whoever has the TLS key. */
async function askPeer(socket: TLSSocket, options: ConnectOptions): Promise<Verified> {
  const { host, port, policy, purpose = 'session' } = options
  const nonce = Uint8Array.from(randomBytes(32))
  const exporter = connectionExporter(socket, nonce)
  const tlsSpki = peerSpki(socket)
  const binding = policy.binding === 'session-quoted' || purpose !== 'session' ? 'session-quoted' : 'session-signed'
  const target = formatAttestRequest({ nonce, binding, purpose })
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const request = `GET ${target} HTTP/1.1\r\nHost: ${authority}\r\nAccept: application/json\r\n\r\n`
  const body = await requestOnce(socket, request, MAX_EVIDENCE_BYTES)
  const answer = parseAttestAnswer(readJson(body, MAX_EVIDENCE_BYTES, 'evidence_malformed'))
  const { evidence, signature, challenge } = answer
  const expect = { purpose, nonce, exporter, tlsSpki, ...(signature && { signature }) }
  const verified = await judge(options, evidence, { ...policy, binding }, expect)
  return { ...verified, exporter, ...(challenge && { challenge }) }
}

async function judge(
  { roots, clock = Date.now }: AttestOptions,
  evidence: unknown,
  policy: Policy,
  expect: Expectation,
): Promise<Verified> {
  const now = new Date(clock())
  const result = await verifyEvidence({ evidence, policy, ...(roots && { roots }), now, expect })
  if (!result.ok) throw new AttestationRefused(result, now)
  // verified, so of the form that the schema of evidence gives it
  return { result, peerEvidence: evidence as EvidenceJson }
}

function requireAddress(host: string, port: number): void {
  // the host is written into a request header
  if (/^[\w.:%-]{1,255}$/.test(host) && Number.isInteger(port) && port > 0 && port < 65_536) return
  throw new DcmlError('address_invalid', 'The address of the enclave is not a host and a port.', {
    hint: 'Give a host name or an IP address without brackets, and a port from 1 to 65535.',
  })
}

const timeout = (host: string, port: number, ms: number): DcmlError =>
  new DcmlError('attestation_timeout', `${host}:${port} was not verified within ${ms} ms.`, {
    hint: 'Try again, or allow more time.',
    retryable: true,
  })

const aborted = (cause: unknown): DcmlError =>
  new DcmlError('attestation_aborted', 'The connection was given up before it was verified.', {
    hint: 'The caller asked for it.',
    cause,
  })

const lost = (host: string, port: number): DcmlError =>
  new DcmlError('peer_unreachable', `${host}:${port} closed the connection.`, { hint: 'Try again.', retryable: true })
