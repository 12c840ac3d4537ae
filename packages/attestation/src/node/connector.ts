import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { DcmlError } from '@dcml/protocol'
import type { Attested } from '../evidence/verify.ts'
import { type AttestOptions, type ConnectOptions, connectAttested } from './connect.ts'

export interface ConnectorOptions extends AttestOptions, Pick<ConnectOptions, 'evidence'> {
  /** Called for each connection after it was verified and before it is used; what it throws closes the connection. */
  readonly onAttested?: (result: Attested, socket: TLSSocket) => void
}

/** What undici says about the connection it wants. */
export interface ConnectorTarget {
  readonly hostname: string
  readonly port?: string | number
  readonly protocol?: string
}

/** The `connect` option of undici's `Agent`, `Pool` and `Client`. */
export type Connector = (
  target: ConnectorTarget,
  callback: (...result: [error: Error, socket: null] | [error: null, socket: Socket]) => void,
) => void

/**
 * Makes undici open verified connections only: `new Agent({ connect: attestedConnector({ policy }) })`. Errors are those
 * of `connectAttested`; undici wraps them as `cause` of its own.
 */
export function attestedConnector({ onAttested, ...options }: ConnectorOptions): Connector {
  return ({ hostname, port, protocol }, callback) => {
    void open().then(
      (socket) => callback(null, socket),
      (error) => callback(error, null),
    )

    async function open(): Promise<TLSSocket> {
      if (protocol !== undefined && protocol !== 'https:')
        throw new DcmlError('tls_failed', `An attested connection cannot use ${protocol}`, {
          hint: 'Use an https address.',
        })
      const { socket, result } = await connectAttested({ ...options, host: hostname, port: Number(port) || 443 })
      try {
        onAttested?.(result, socket)
      } catch (error) {
        socket.destroy()
        throw error
      }
      return socket
    }
  }
}
