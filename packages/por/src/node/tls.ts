// TLS 1.3 (RFC 8446) in which both ends show a certificate around their node key. No authority signs it: the contract
// says whose key it is. The handshake proves that the other end holds it, and nothing of it can be replayed.
import { constants } from 'node:crypto'
import { connect, createServer, type Server, type TLSSocket } from 'node:tls'
import { DcmlError } from '@dcml/protocol'
import { type NodeKeys, rawKey } from './keys.ts'

const PROTOCOL = 'dcml-por/1'

const common = ({ tls }: NodeKeys) =>
  ({
    ...tls,
    minVersion: 'TLSv1.3',
    rejectUnauthorized: false,
    ALPNProtocols: [PROTOCOL],
    secureOptions: constants.SSL_OP_NO_TICKET,
  }) as const

/** The Ed25519 key that the other end proved to hold; null where it showed none, or speaks another protocol. */
export function peerKey(socket: TLSSocket): Uint8Array | null {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined || socket.alpnProtocol !== PROTOCOL || socket.isSessionReused()) return null
  return rawKey(certificate.publicKey)
}

/** @throws DcmlError `por_endpoint_invalid` */
export function parseEndpoint(endpoint: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(endpoint) ?? []
  const host = bracketed ?? plain
  if (host === undefined || Number(port) === 0 || Number(port) > 65535)
    throw new DcmlError('por_endpoint_invalid', `${JSON.stringify(endpoint)} is no endpoint.`, {
      hint: 'Register host:port, with an IPv6 address in brackets.',
    })
  return { host, port: Number(port) }
}

/** Connects, and gives back a socket of which nothing was read. `done` is called once. */
export function dial(
  keys: NodeKeys,
  endpoint: string,
  timeout: number,
  done: (error: Error | null, socket: TLSSocket) => void,
): TLSSocket {
  const socket = connect({ ...common(keys), ...parseEndpoint(endpoint) })
  const timer = setTimeout(() => finish(new Error('The handshake takes too long.')), timeout)
  const finish = (error: Error | null): void => {
    clearTimeout(timer)
    socket.off('error', finish)
    socket.off('close', onClose)
    socket.off('secureConnect', onSecure)
    socket.on('error', () => {})
    if (error) socket.destroy()
    done(error, socket)
  }
  const onClose = (): void => finish(new Error('The other end hung up.'))
  const onSecure = (): void => finish(null)
  socket.on('error', finish)
  socket.on('close', onClose)
  socket.on('secureConnect', onSecure)
  return socket
}

export interface ListenOptions {
  readonly keys: NodeKeys
  readonly host: string
  readonly port: number
  /** ms for a handshake, and how many may be under way: the oldest makes room for a new one. */
  readonly handshake: number
  readonly handshakes: number
  /** Called with a socket of which nothing was read. */
  accept(socket: TLSSocket): void
}

/** @throws DcmlError `por_listen_failed` */
export async function listen(options: ListenOptions): Promise<Server> {
  const { keys, host, port, handshake, handshakes, accept } = options
  const server = createServer({ ...common(keys), requestCert: true, handshakeTimeout: handshake })
  const arriving = new Map<string, { destroy(): void }>()
  server.on('connection', (socket) => {
    const name = `${socket.remoteAddress} ${socket.remotePort}`
    const [oldest] = arriving
    if (oldest && arriving.size >= handshakes) {
      arriving.delete(oldest[0])
      oldest[1].destroy()
    }
    arriving.set(name, socket)
    socket.on('close', () => arriving.get(name) === socket && arriving.delete(name))
  })
  server.on('tlsClientError', (_, socket) => socket.destroy())
  server.on('secureConnection', (socket) => {
    arriving.delete(`${socket.remoteAddress} ${socket.remotePort}`)
    socket.on('error', () => {})
    accept(socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new DcmlError('por_listen_failed', `Nothing can listen on ${host}:${port}: ${cause.message}`, {
          hint: 'Give another address or port, 0 for any.',
          cause,
        }),
      ),
    )
    server.listen(port, host, resolve)
  })
  return server
}
