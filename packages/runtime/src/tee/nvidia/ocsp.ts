// Revocation of NVIDIA's certificates as one kind of signed statement: OCSP responses, which live for a day.
import { createHash } from 'node:crypto'
import { equalBytes, toHex } from '@dcml/protocol'
import { DER, type DerValue, derInside, derSigned, derValues } from '../collateral/der.ts'
import { disagree, unavailable } from '../collateral/fault.ts'
import { ask, type Fetch } from '../collateral/http.ts'
import type { Kind, Source } from '../collateral/source.ts'
import { ocspStatement } from '../collateral/window.ts'

/** A certificate that may have been revoked, and the one that issued it, as DER. */
export interface RevocationQuestion {
  readonly certificate: Uint8Array
  readonly issuer: Uint8Array
}

/** Finds the OCSP response (DER) for a certificate. */
export type RevocationSource = Source<RevocationQuestion, Uint8Array>

const revocations: Kind<RevocationQuestion, Uint8Array> = {
  name: ({ certificate }) => `OCSP response for ${createHash('sha256').update(certificate).digest('hex').slice(0, 16)}`,
  window: ocspStatement,
  check(response, { certificate }) {
    if (!equalBytes(ocspStatement(response).serial, certificateFields(certificate).serial.contents))
      throw unavailable('the OCSP response is about another certificate')
  },
  newer(one, other) {
    const [a, b] = [ocspStatement(one), ocspStatement(other)]
    if (a.from === b.from && !equalBytes(a.status, b.status))
      throw disagree('revocation', 'of one moment, two statuses')
    return a.from >= b.from ? one : other
  },
  encode: (response) => response,
  decode: (bytes) => bytes,
}

/**
 * OCSP responses from a function of your own.
 * @param name for logs
 */
export const revocationSource = (
  name: string,
  ask: (question: RevocationQuestion) => Promise<Uint8Array>,
): RevocationSource => ({ name, kind: revocations, ask })

const NVIDIA = 'https://ocsp.ndis.nvidia.com'

/**
 * NVIDIA's OCSP responder or a mirror of it, asked for with every question: put `keepFresh` around it. No nonce is sent, since
 * the response is for many verifiers.
 */
export function ocspResponder(options: { url?: string; fetch?: Fetch } = {}): RevocationSource {
  const { url = NVIDIA, fetch = globalThis.fetch } = options
  return revocationSource(new URL(url).host, async (question) => {
    const answer = await ask(fetch, url, {
      method: 'POST',
      headers: { 'content-type': 'application/ocsp-request', accept: 'application/ocsp-response' },
      body: ocspRequest(question),
    })
    return answer.body
  })
}

/** Responders index by SHA-1 (RFC 5019 §2.1.1), as a name and not for security. */
const SHA1 = Uint8Array.of(0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00)

/** A request for one certificate (RFC 6960 §4.1.1, RFC 5019 §2.1.1). */
function ocspRequest({ certificate, issuer }: RevocationQuestion): Uint8Array<ArrayBuffer> {
  const { serial, issuerName } = certificateFields(certificate)
  const id = sequence(SHA1, octets(sha1(issuerName.whole)), octets(sha1(certificateFields(issuer).key)), serial.whole)
  return sequence(sequence(sequence(sequence(id))))
}

interface Fields {
  readonly serial: DerValue
  readonly issuerName: DerValue
  /** The bits of the public key. */
  readonly key: Uint8Array
}

function certificateFields(der: Uint8Array): Fields {
  const fields = derValues(derSigned(der).body.contents)
  const first = fields[0]?.tag === 0xa0 ? 1 : 0
  const [serial, , issuerName] = fields.slice(first)
  const [, key] = derInside(fields, first + 5)
  if (serial?.tag !== DER.integer || issuerName === undefined || key?.tag !== DER.bitString)
    throw unavailable(`${toHex(der.subarray(0, 8))}… is no certificate`)
  return { serial, issuerName, key: key.contents.subarray(1) }
}

const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest()
const octets = (bytes: Uint8Array): Uint8Array => value(DER.octetString, bytes)
const sequence = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> => value(DER.sequence, Buffer.concat(parts))

/** Nothing in a request is longer than 255 bytes. */
const value = (tag: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  Uint8Array.of(tag, ...(bytes.length < 0x80 ? [bytes.length] : [0x81, bytes.length]), ...bytes)
