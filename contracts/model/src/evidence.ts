// Whether a host answered a closure request over Proof of Response with anything but its enclave's approval (paper §6.2,
// §9). A payer who could make an honest host do so would take its lock: each check below closes one such way.
import { approvalBytes, deliveryIn } from './approval.ts'
import { refuse } from './books.ts'
import { type Domain, type Here, Writer } from './borsh.ts'
import type { Channel } from './channel.ts'
import { split } from './closing.ts'
import { readRequest, readResponse, type Signed } from './por.ts'

/** What a payer brings, as it travelled. */
export interface Evidence {
  /** Signed by the requester, and by the host's node: borsh with the signature. */
  readonly request: Uint8Array
  readonly response: Uint8Array
  readonly payload: Uint8Array
  /** Payload of the response; null where the response alone shows that it is no approval. */
  readonly reply: Uint8Array | null
}

/** What the contract asks of its host functions; all throw for what they cannot take. */
export interface Host {
  sha256(of: Uint8Array): Uint8Array
  ed25519Verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
  decodeUtf8(bytes: Uint8Array): string
  base64ToBytes(padded: string): Uint8Array
  bytesToHex(bytes: Uint8Array): string
  hexToBytes(hex: string): Uint8Array
}

export const APP = 'dcml/close-channel'
/** Milliseconds: for a host to learn of an opening of just now, and to prove it to an enclave that may have to start again. */
export const LEAST_SERVICE = 120_000
/** Bytes: an approval fits. */
export const LEAST_RESPONSE = 512
/** Characters of the longest approval as text. */
export const LONGEST_APPROVAL = 440
/** Characters of the longest payload: seed, dot, closure request. */
export const LONGEST_PAYLOAD = 398

const ANSWERED = 0
const SIGNATURE = 64

/** A channel, and where it is. */
export interface Case {
  readonly id: bigint
  readonly channel: Channel
  /** This contract. */
  readonly here: Here
  /** The Proof of Response contract of the opening. */
  readonly por: string
}

/**
 * Returns only where the evidence shows the fault, if the node key that it returns is the host's.
 * @returns lower-case hex
 * @throws Error that says which part of the evidence is not what it must be
 */
export function faultyNode(host: Host, of: Case, evidence: Evidence): string {
  const there = { networkId: of.here.networkId, contract: of.por }
  const request = read('request', readRequest, evidence.request)
  checkKind('request', request.body.domain, there)
  const { recipient, recipientKey, app, service, maxResponse } = request.body
  if (app !== APP) refuse(`the request is for another application than ${APP}`)
  if (recipient !== of.channel.provider) refuse(`the request is not to ${of.channel.provider}`)
  if (service < LEAST_SERVICE) refuse(`the request left the host less than ${LEAST_SERVICE} ms`)
  if (maxResponse < LEAST_RESPONSE) refuse(`the request left the answer less than ${LEAST_RESPONSE} bytes`)
  checkSigned(host, 'request', request, request.body.domain)

  checkPayload(host, 'payload', evidence.payload, request.body)
  checkClosing(host, of, evidence.payload)

  const response = read('response', readResponse, evidence.response)
  checkKind('response', response.body.domain, there)
  if (!same(host, response.body.domain.subject, recipientKey)) refuse('the response is of another node than was asked')
  if (!same(host, response.body.requestHash, host.sha256(request.bytes))) refuse('the response is to another request')
  checkSigned(host, 'response', response, response.body.domain)

  if (response.body.status === ANSWERED && response.body.payloadLength <= LONGEST_APPROVAL) {
    const reply = evidence.reply ?? refuse('the reply is missing')
    checkPayload(host, 'reply', reply, response.body)
    if (isApproval(host, of, reply)) refuse('the host answered with the approval: close with it')
  }
  return host.bytesToHex(recipientKey)
}

function read<T>(what: string, reader: (bytes: Uint8Array) => Signed<T>, bytes: Uint8Array): Signed<T> {
  try {
    return reader(bytes)
  } catch {
    return refuse(`the ${what} cannot be read`)
  }
}

function checkKind(what: 'request' | 'response', domain: Domain, { networkId, contract }: Here): void {
  if (domain.tag !== `dcml/por-${what}` || domain.version !== 1) refuse(`the ${what} is another kind of object`)
  if (domain.networkId !== networkId) refuse(`the ${what} is for another network`)
  if (domain.contract !== contract) refuse(`the ${what} is for another Proof of Response contract than ${contract}`)
}

function checkSigned(host: Host, what: string, { bytes, signature }: Signed<unknown>, { subject }: Domain): void {
  if (!host.ed25519Verify(signature, bytes, subject)) refuse(`the signature under the ${what} is not its node’s`)
}

function checkPayload(
  host: Host,
  what: string,
  bytes: Uint8Array,
  { payloadHash, payloadLength }: { payloadHash: Uint8Array; payloadLength: number },
): void {
  if (bytes.length !== payloadLength || !same(host, host.sha256(bytes), payloadHash))
    refuse(`the ${what} is not the one that was signed`)
}

/** The payload asks to close this channel, and was made after its opening. */
function checkClosing(host: Host, { id, channel, here }: Case, payload: Uint8Array): void {
  const parts = textOf(host, payload).split('.')
  const [seed, signed] = parts.map((text) => fromBase64url(host, text))
  if (parts.length !== 2 || !seed || !signed) refuse('the payload cannot be read')
  // ids are foreseen by anyone: a host asked before the opening rightly knows no such channel
  if (host.bytesToHex(seed) !== channel.seed) refuse('the payload is about another opening')
  const payerKey = host.hexToBytes(channel.payerKey)
  const wanted = new Writer().domain('dcml/closure-request', 1, here, payerKey).u64(id).done()
  const message = signed.slice(0, wanted.length)
  if (signed.length !== wanted.length + SIGNATURE || !same(host, message, wanted))
    refuse('the payload asks to close something else')
  const signature = signed.slice(wanted.length)
  if (!host.ed25519Verify(signature, message, payerKey))
    refuse('the closure request is not signed by the payer’s channel key')
  if ([payerKey, signature.slice(0, 32)].some((point) => isOfLowOrder(host, point)))
    refuse('the closure request is signed in a way that not everyone takes')
}

/** Whether a reply is what `settle` takes for this channel, be it in time or not. */
function isApproval(host: Host, { id, channel, here }: Case, reply: Uint8Array): boolean {
  const signed = fromBase64url(host, textOf(host, reply))
  const found = signed && deliveryIn(signed)
  if (!found) return false
  const { signature, ...delivery } = found
  const sessionKey = host.hexToBytes(channel.sessionKey)
  const message = approvalBytes(here, sessionKey, host.hexToBytes(channel.challenge), { channelId: id, ...delivery })
  if (!same(host, message, signed.slice(0, -SIGNATURE))) return false
  const { owner, host: hosts } = split(channel.prices, delivery)
  if (owner + hosts !== delivery.spent || delivery.spent > channel.deposited) return false
  return host.ed25519Verify(signature, message, sessionKey)
}

/**
 * The y coordinates of all points of low order, in each spelling (RFC 8032 §5.1.3). NEAR takes signatures with such keys and
 * commitments, OpenSSL in the enclave does not: a payer could sign what a host has to refuse.
 */
const LOW_ORDER = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]

/** @param point 32 bytes; the top bit is the sign of x */
const isOfLowOrder = (host: Host, point: Uint8Array): boolean =>
  LOW_ORDER.includes(host.bytesToHex(point.with(31, (point[31] as number) & 0x7f)))

const same = (host: Host, a: Uint8Array, b: Uint8Array): boolean => host.bytesToHex(a) === host.bytesToHex(b)

/** Empty for what is no text. */
function textOf(host: Host, bytes: Uint8Array): string {
  try {
    return host.decodeUtf8(bytes)
  } catch {
    return ''
  }
}

/** Without padding, in its one spelling (RFC 4648 §5); null for anything else, and for nothing. */
function fromBase64url(host: Host, text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return null
  const padded = text.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat(-text.length & 3)
  try {
    return host.base64ToBytes(padded)
  } catch {
    return null
  }
}
