import { equalBytes, toHex } from '@dcml/protocol'
import { sha256, sha384 } from '@noble/hashes/sha2.js'
import { type Certificate, carries, EXTENSION, KEY_USAGE, readExtensions, readSerial } from '../x509/certificate.ts'
import { requireWindow } from '../x509/chain.ts'
import { DerReader, Refusal, TAG } from '../x509/der.ts'
import type { VerifySignature } from '../x509/signature.ts'
import { isSignedBy, readSignedParts, type Signed } from '../x509/signed.ts'
import { NVIDIA_PKI } from './pki.ts'

/** What an OCSP responder says of one certificate. */
export interface OcspStatus {
  readonly serial: string
  readonly hash: 'sha256' | 'sha384'
  /** Digests of the issuer's name and of its key. */
  readonly issuerName: Uint8Array
  readonly issuerKey: Uint8Array
  readonly status: 'good' | 'revoked' | 'unknown'
  /** Unix ms, both inclusive. */
  readonly thisUpdate: number
  readonly nextUpdate: number
}

/** An answer of an OCSP responder; nothing here is verified. */
export interface OcspResponse extends Signed {
  readonly kind: 'ocsp'
  readonly statuses: readonly OcspStatus[]
  /** Certificates that came with it, DER: the delegated responder's. */
  readonly certificates: readonly Uint8Array[]
}

const BASIC = '1.3.6.1.5.5.7.48.1.1'
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'
const SUCCESSFUL = 0
const MAX_CERTIFICATES = 4

/** Whole encodings of the AlgorithmIdentifiers of CertID, with and without the NULL that RFC 5754 leaves to taste. */
const HASHES: Readonly<Record<string, OcspStatus['hash']>> = {
  '300b0609608648016503040201': 'sha256',
  '300d06096086480165030402010500': 'sha256',
  '300b0609608648016503040202': 'sha384',
  '300d06096086480165030402020500': 'sha384',
}
const digests = { sha256, sha384 } as const

/**
 * Reads a successful BasicOCSPResponse (RFC 6960 §4.2.1) whose CertIDs are of SHA-256 or SHA-384. A statement without an
 * end (nextUpdate) is refused.
 */
export function readOcspResponse(der: Uint8Array): OcspResponse {
  const whole = new DerReader(der)
  const response = whole.sequence()
  whole.end()
  const [status] = response.read(TAG.enumerated)
  if (status !== SUCCESSFUL) throw new Refusal(`OCSP: the responder gave no answer (status ${status})`)
  const explicit = response.explicit(TAG.context0)
  response.end()
  const typed = explicit.sequence()
  explicit.end()
  if (typed.oid() !== BASIC) throw new Refusal('OCSP: not a basic response')
  const octets = new DerReader(typed.read(TAG.octetString))
  typed.end()
  const basic = octets.sequence()
  octets.end()
  const signed = readSignedParts(basic, NVIDIA_PKI.kinds)
  const certificates = basic.done ? [] : readCertificates(basic.explicit(TAG.context0))
  basic.end()
  return { kind: 'ocsp', ...signed, statuses: readStatuses(signed.body), certificates }
}

function readCertificates(explicit: DerReader): Uint8Array[] {
  const list = explicit.sequence()
  explicit.end()
  const certificates: Uint8Array[] = []
  while (!list.done) {
    certificates.push(list.readWhole())
    if (certificates.length > MAX_CERTIFICATES) throw new Refusal(`OCSP: more than ${MAX_CERTIFICATES} certificates`)
  }
  return certificates
}

/** ResponseData. Who the responder calls itself is left aside: its key has to be the issuer's, or certified by it. */
function readStatuses(body: Uint8Array): OcspStatus[] {
  const outer = new DerReader(body)
  const data = outer.sequence()
  outer.end()
  data.readWhole()
  data.time()
  const list = data.sequence()
  const statuses: OcspStatus[] = []
  while (!list.done) statuses.push(readStatus(list.sequence()))
  if (!data.done) refuseCritical(data.explicit(TAG.context1))
  data.end()
  return statuses
}

function readStatus(single: DerReader): OcspStatus {
  const id = single.sequence()
  const hash = HASHES[toHex(id.readWhole())]
  if (!hash) throw new Refusal('OCSP: CertID is neither of SHA-256 nor of SHA-384')
  const { outputLen } = digests[hash]
  const issuerName = id.octets(outputLen)
  const issuerKey = id.octets(outputLen)
  const serial = readSerial(id)
  id.end()
  const status = readCertStatus(single)
  const thisUpdate = single.time()
  const end = single.explicit(TAG.context0)
  const nextUpdate = end.time()
  end.end()
  if (!single.done) refuseCritical(single.explicit(TAG.context1))
  single.end()
  return { serial, hash, issuerName, issuerKey, status, thisUpdate, nextUpdate }
}

/** `good [0]` and `unknown [2]` are empty, `revoked [1]` tells when and why, which changes nothing. */
function readCertStatus(single: DerReader): OcspStatus['status'] {
  if (single.peek(TAG.context1)) {
    single.read(TAG.context1)
    return 'revoked'
  }
  const status = toHex(single.readWhole())
  if (status === '8000') return 'good'
  if (status === '8200') return 'unknown'
  throw new Refusal('OCSP: no such status')
}

function refuseCritical(explicit: DerReader): void {
  const critical = readExtensions(explicit).find((extension) => extension.critical)
  explicit.end()
  if (critical) throw new Refusal(`OCSP: unknown critical extension ${critical.oid}`)
}

/** Whether a status speaks of this certificate of this issuer. */
export function speaksOf(status: OcspStatus, { serial }: Certificate, issuer: Certificate): boolean {
  const digest = digests[status.hash]
  return (
    status.serial === serial &&
    equalBytes(status.issuerName, digest(issuer.subject)) &&
    equalBytes(status.issuerKey, digest(issuer.publicKey.bytes))
  )
}

/**
 * Requires an answer to be signed by the issuer it speaks for, or by a responder that this very issuer certified for the
 * purpose (RFC 6960 §4.2.2.2).
 * @param now Unix ms
 */
export async function requireResponder(
  response: OcspResponse,
  responders: readonly Certificate[],
  issuer: Certificate,
  verify: VerifySignature,
  now: number,
): Promise<void> {
  for (const responder of responders) {
    if (!(await isSignedBy(response, responder.publicKey, verify))) continue
    if (!equalBytes(responder.issuer, issuer.subject) || !(await isSignedBy(responder, issuer.publicKey, verify)))
      throw new Refusal('the OCSP responder is not certified by the issuer it speaks for')
    if (!maySignOcsp(responder)) throw new Refusal('the OCSP responder is not certified for that (extendedKeyUsage)')
    requireWindow(responder.notBefore, responder.notAfter, now)
    const unknown = responder.extensions.find(({ oid, critical }) => critical && !NVIDIA_PKI.extensions.includes(oid))
    if (unknown) throw new Refusal(`unknown critical extension ${unknown.oid}`)
    return
  }
  if (!(await isSignedBy(response, issuer.publicKey, verify))) throw new Refusal('the OCSP signature does not verify')
}

function maySignOcsp(responder: Certificate): boolean {
  if (responder.isCa || !(responder.keyUsage & KEY_USAGE.digitalSignature)) return false
  if (!carries(responder, EXTENSION.extendedKeyUsage)) return false
  return responder.extensions
    .filter(({ oid }) => oid === EXTENSION.extendedKeyUsage)
    .every(({ value }) => readPurposes(value).includes(OCSP_SIGNING))
}

function readPurposes(value: Uint8Array): string[] {
  const outer = new DerReader(value)
  const list = outer.sequence()
  outer.end()
  const purposes: string[] = []
  while (!list.done) purposes.push(list.oid())
  return purposes
}
