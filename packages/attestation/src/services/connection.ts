import { equalBytes } from '@dcml/protocol'
import { short } from '../evidence/fields.ts'
import { Refusal } from '../x509/der.ts'
import { readKeyBox, spkiH } from './certificate.ts'
import type { Connection } from './judgement.ts'

/** SHA-256 of the SubjectPublicKeyInfo that the TLS server showed; undefined where no connection is known. */
export function serverSpkiH(connection: Connection | undefined): Uint8Array | undefined {
  if (connection?.tlsSpki) return connection.tlsSpki
  return connection?.certificate && spkiH(readKeyBox(connection.certificate).spki)
}

/**
 * Refuses a connection to a key that the evidence does not name: anybody can serve a genuine machine's evidence
 * (Morpheus issue 675), and evidence that names no TLS key can be served by everybody.
 */
export function requireTlsKey(attested: Uint8Array | undefined, connection: Connection | undefined): void {
  const server = serverSpkiH(connection)!
  if (!attested) throw new Refusal('the evidence names no TLS key: any host could serve it')
  if (!equalBytes(attested, server))
    throw new Refusal(`the server has TLS key ${short(server)}, the evidence names ${short(attested)}`)
}

/** Why the connection is not judged. */
export const NO_CONNECTION = 'There is no connection to compare with.'

/** Why freshness is not judged. */
export const NO_NONCE = 'Nobody here sent a nonce: the evidence may be old, or made for somebody else.'
