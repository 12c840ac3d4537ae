import { X509Certificate } from 'node:crypto'
import { DER, derInside, derSigned, derTime, derValues, isTime } from './der.ts'
import { unavailable } from './fault.ts'

/** When a signed statement counts, in Unix ms, both inclusive. */
export interface Window {
  readonly from: number
  readonly until: number
}

/** When all of them count. */
export const overlap = (windows: readonly Window[]): Window => ({
  from: Math.max(...windows.map(({ from }) => from)),
  until: Math.min(...windows.map(({ until }) => until)),
})

export const contains = ({ from, until }: Window, now: number): boolean => from <= now && now <= until

/** Validity of a certificate. @param certificate PEM or DER */
export function certificateWindow(certificate: Uint8Array | string): Window {
  const { validFrom, validTo } = readX509(certificate)
  return { from: Date.parse(validFrom), until: Date.parse(validTo) }
}

/** @throws DcmlError `tee_collateral_unavailable` */
export function readX509(certificate: Uint8Array | string): X509Certificate {
  try {
    return new X509Certificate(certificate)
  } catch (cause) {
    throw unavailable('it holds something that is no certificate', cause)
  }
}

/** thisUpdate and nextUpdate of a CRL (RFC 5280 §5.1.2). */
export function crlWindow(der: Uint8Array): Window {
  const [from, until] = derValues(derSigned(der).body.contents).filter(isTime)
  if (from === undefined) throw unavailable('it is no CRL')
  return { from: derTime(from), until: until === undefined ? Number.POSITIVE_INFINITY : derTime(until) }
}

const NEXT_UPDATE = 0xa0
const DAY = 86_400_000

/** One certificate's state in an OCSP response. */
export interface OcspStatement extends Window {
  /** As in the certificate: the contents of the INTEGER. */
  readonly serial: Uint8Array
  /** DER of the status: good, or revoked and when. */
  readonly status: Uint8Array
}

/**
 * Reads the first statement of an OCSP response (RFC 6960 §4.2.1); without nextUpdate it counts for a day.
 * @throws DcmlError `tee_collateral_unavailable`, also where the responder refused to answer
 */
export function ocspStatement(der: Uint8Array): OcspStatement {
  const response = derInside(derValues(der), 0)
  const refused = response[0]?.contents[0]
  if (refused !== 0) throw unavailable(`the OCSP responder answered with status ${refused ?? 'none'}`)
  const [, basic] = derInside(derInside(response, 1), 0)
  if (basic?.tag !== DER.octetString) throw unavailable('it is no basic OCSP response')
  const data = derValues(derSigned(basic.contents).body.contents)
  const statements = derInside(data, data.findIndex(isTime) + 1)
  const [id, status, thisUpdate, nextUpdate] = derInside(statements, 0)
  const serial = id && derValues(id.contents)[3]
  if (serial === undefined || status === undefined || thisUpdate === undefined)
    throw unavailable('it names no certificate')
  const from = derTime(thisUpdate)
  const until = nextUpdate?.tag === NEXT_UPDATE ? derTime(derValues(nextUpdate.contents)[0] ?? nextUpdate) : from + DAY
  return { serial: serial.contents, status: status.whole, from, until }
}
