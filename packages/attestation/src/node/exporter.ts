import { createHash, type KeyObject } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { DcmlError } from '@dcml/protocol'
import { EXPORTER_LABEL } from '../channel/binding.ts'

/**
 * The value that both ends of this connection, and nobody else, can compute for `nonce` (RFC 8446 §7.5).
 * @throws DcmlError `tls_failed` unless the connection is TLS 1.3 with a full handshake: a resumed one never showed
 * the server's key
 */
export function connectionExporter(socket: TLSSocket, nonce: Uint8Array): Uint8Array {
  // a request that was carried in by another way has no connection of its own
  if (socket.getProtocol?.() !== 'TLSv1.3' || socket.isSessionReused()) throw notFresh()
  return Uint8Array.from(socket.exportKeyingMaterial(32, EXPORTER_LABEL, Buffer.from(nonce)))
}

/** SHA-256 of the key in the server's certificate. @throws DcmlError `tls_failed` where a handshake showed none */
export function peerSpki(socket: TLSSocket): Uint8Array {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) throw notFresh()
  return spkiHash(certificate.publicKey)
}

/** SHA-256 of the DER SubjectPublicKeyInfo of a key. */
export const spkiHash = (publicKey: KeyObject): Uint8Array =>
  Uint8Array.from(
    createHash('sha256')
      .update(publicKey.export({ type: 'spki', format: 'der' }))
      .digest(),
  )

const notFresh = (): DcmlError =>
  new DcmlError('tls_failed', 'The connection is not a fresh TLS 1.3 connection.', {
    hint: 'Connect with TLS 1.3 and without session resumption.',
  })
