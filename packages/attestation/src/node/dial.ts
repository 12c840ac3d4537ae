import { isIP } from 'node:net'
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import { DcmlError } from '@dcml/protocol'

// The certificate is self-signed and judged by its key alone, so no certificate authority is loaded (some 30 ms each).
let context: SecureContext | undefined
const secureContext = (): SecureContext =>
  (context ??= createSecureContext({ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', ca: [] }))

function translate(cause: NodeJS.ErrnoException, host: string, port: number): DcmlError {
  if (DcmlError.isInstance(cause)) return cause
  const details = { host, port, reason: cause.code ?? 'unknown' }
  const before = cause instanceof AggregateError || cause.syscall === 'connect' || cause.syscall === 'getaddrinfo'
  if (before)
    return new DcmlError('peer_unreachable', `Nothing answers at ${host}:${port}.`, {
      hint: 'Check the address, and that the runtime is up.',
      retryable: true,
      details,
      cause,
    })
  return new DcmlError('tls_failed', `${host}:${port} does not speak TLS 1.3 as an enclave does.`, {
    hint: 'Check that the port is the attested port of a runtime, reached without a TLS proxy between.',
    details,
    cause,
  })
}

/**
 * Opens a TLS 1.3 connection with a full handshake. The server has proven that it holds the key of its certificate and
 * nothing more.
 * @throws DcmlError `peer_unreachable`, `tls_failed`, or the reason of `signal`
 */
export function dial(host: string, port: number, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const socket = connect({
      host,
      port,
      ...(isIP(host) === 0 && { servername: host }),
      ALPNProtocols: ['http/1.1'],
      secureContext: secureContext(),
      rejectUnauthorized: false,
    })
    const settle = (act: () => void): void => {
      signal.removeEventListener('abort', onAbort)
      socket.off('secureConnect', onSecure).off('error', onError)
      act()
    }
    const fail = (error: unknown): void =>
      settle(() => {
        socket.destroy()
        reject(error)
      })
    const onAbort = (): void => fail(signal.reason)
    const onError = (error: Error): void => fail(translate(error, host, port))
    const onSecure = (): void => settle(() => resolve(socket.setNoDelay(true).setKeepAlive(true, 60_000)))
    signal.addEventListener('abort', onAbort)
    socket.on('secureConnect', onSecure).on('error', onError)
    // an error between two owners of the socket must not end the process; each of them sees the close
    socket.on('error', () => {})
  })
}
