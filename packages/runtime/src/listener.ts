import type { Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { DcmlError } from '@dcml/protocol'

/** Where to listen; port 0 takes any free one. */
export interface ListenOptions {
  readonly host: string
  readonly port: number
}

/** A server that counts its open requests, so that it can be stopped without cutting answers off. */
export interface Listener {
  readonly address: { readonly host: string; readonly port: number }
  /** Accepts no more connections and closes idle ones as they become so; resolves when none is open. */
  drain(): Promise<void>
  /** Cuts off what is still open. */
  cut(): void
}

/** How long the last bytes of an answer may take to reach the network. */
const GRACE_MS = 250

/** @throws DcmlError `listen_failed` */
export async function listen(server: HttpServer | HttpsServer, options: ListenOptions): Promise<Listener> {
  let draining = false
  let open = 0
  const closeIdle = (): void => {
    server.closeIdleConnections()
    // connections on which half a request was sent count as busy; without an answer under way nobody waits for them
    if (open === 0) setTimeout(() => server.closeAllConnections(), GRACE_MS).unref()
  }
  server.on('request', (_incoming, outgoing) => {
    open++
    if (draining) outgoing.shouldKeepAlive = false
    outgoing.once('close', () => {
      open--
      if (draining) closeIdle()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(cannotListen(options, cause)))
    server.listen(options.port, options.host, resolve)
  })
  const { address: host, port } = server.address() as AddressInfo
  return {
    address: { host, port },
    drain() {
      draining = true
      return new Promise((resolve) => {
        server.close(() => resolve())
        closeIdle()
      })
    },
    cut: () => server.closeAllConnections(),
  }
}

const cannotListen = ({ host, port }: ListenOptions, cause: NodeJS.ErrnoException): DcmlError =>
  new DcmlError('listen_failed', `Nothing can listen on ${host}:${port} (${cause.code}).`, {
    hint: cause.code === 'EADDRINUSE' ? 'Another process has the port; choose another.' : 'Choose another address.',
    details: { host, port, reason: cause.code ?? 'unknown' },
    cause,
  })
