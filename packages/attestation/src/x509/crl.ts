import { readExtensions, readName, readSerial } from './certificate.ts'
import { DerReader, Refusal, TAG } from './der.ts'
import type { SignatureScheme } from './signature.ts'
import { readSigned, requireSameAlgorithm, type Signed } from './signed.ts'

/** What an X.509 v2 CRL says; nothing here is verified. */
export interface Crl extends Signed {
  readonly issuer: Uint8Array
  /** Unix ms, both inclusive. */
  readonly thisUpdate: number
  readonly nextUpdate: number
  /** Serial numbers as hex of their magnitude. */
  readonly revoked: ReadonlySet<string>
}

/**
 * Reads a complete CRL (RFC 5280 §5.1). Critical extensions are refused, for they make a CRL partial, indirect or a
 * delta; an entry revokes whatever its reason or date.
 */
export function readCrl(der: Uint8Array, admitted: readonly SignatureScheme[]): Crl {
  const signed = readSigned(der, admitted)
  const fields = new DerReader(signed.body).sequence()
  if (fields.uint16() !== 1) throw new Refusal('CRL: not version 2')
  requireSameAlgorithm(fields, signed)
  const issuer = readName(fields)
  const thisUpdate = fields.time()
  const nextUpdate = fields.time()
  const revoked = new Set<string>()
  if (fields.peek(TAG.sequence)) {
    const list = fields.sequence()
    while (!list.done) revoked.add(readEntry(list.sequence()))
  }
  if (!fields.done) {
    const extensions = fields.explicit(TAG.context0)
    refuseCritical(extensions)
    extensions.end()
  }
  fields.end()
  return { ...signed, issuer, thisUpdate, nextUpdate, revoked }
}

function readEntry(entry: DerReader): string {
  const serial = readSerial(entry)
  if (serial === '00') throw new Refusal('CRL: serial number 0')
  entry.time()
  if (!entry.done) refuseCritical(entry)
  entry.end()
  return serial
}

function refuseCritical(reader: DerReader): void {
  const critical = readExtensions(reader).find((extension) => extension.critical)
  if (critical) throw new Refusal(`CRL: unknown critical extension ${critical.oid}`)
}
