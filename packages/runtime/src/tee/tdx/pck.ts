import { X509Certificate } from 'node:crypto'
import { DcmlError, toHex } from '@dcml/protocol'

/** What a platform's collateral is asked for by. */
export interface PckIdentity {
  /** Family, model, stepping, platform and custom SKU: 6 bytes in upper-case hex. */
  readonly fmspc: string
  /** Which of Intel's CAs issued the platform's certificate. */
  readonly ca: 'platform' | 'processor'
}

/** DER of OID 1.2.840.113741.1.13.1.4 (FMSPC) and of the 6-byte octet string that follows it. */
const FMSPC = Buffer.from('060a2a864886f84d010d01040406', 'hex')
const PEM = /-----BEGIN CERTIFICATE-----[\w+/=\s]+?-----END CERTIFICATE-----/

/**
 * Reads from a TDX quote which collateral it needs. The quote is our own and nothing is decided here: a wrong answer
 * leads to collateral that no verifier accepts.
 * @throws DcmlError `tee_quote_unreadable`
 */
export function pckIdentity(quote: Uint8Array): PckIdentity {
  const pem = PEM.exec(Buffer.from(quote).toString('latin1'))?.[0]
  if (pem === undefined) throw unreadable('it holds no certificate chain')
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(pem)
  } catch (cause) {
    throw unreadable('its certificate cannot be read', cause)
  }
  const at = certificate.raw.indexOf(FMSPC)
  if (at === -1) throw unreadable('its certificate names no FMSPC')
  const fmspc = certificate.raw.subarray(at + FMSPC.length, at + FMSPC.length + 6)
  return {
    fmspc: toHex(fmspc).toUpperCase(),
    ca: /PCK Platform CA/i.test(certificate.issuer) ? 'platform' : 'processor',
  }
}

const unreadable = (why: string, cause?: unknown): DcmlError =>
  new DcmlError('tee_quote_unreadable', `The collateral of the quote cannot be looked up: ${why}.`, {
    hint: 'See that the platform is registered with Intel and its quotes carry a PCK certificate chain.',
    cause,
  })
