import { createServer, type ServerOptions } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { getRequestListener } from '@hono/node-server'
import type { Limits } from '../limits.ts'
import { type Listener, type ListenOptions, listen } from '../listener.ts'
import { type BrowserAppOptions, browserApp } from './app.ts'
import { checkOrigins } from './origins.ts'

/** The port that pages in browsers reach the enclave by. */
export interface BrowserOptions {
  readonly listen: ListenOptions
  /** Origins of the pages that may, such as `https://chat.example`. */
  readonly origins: readonly string[]
  /**
   * Certificate and key (PEM) of a name that browsers trust. Default: plain HTTP, for a TLS proxy of the host's. Neither
   * is trusted with anything: what counts is sealed inside.
   */
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** @throws DcmlError `browser_options_invalid`, `listen_failed` */
export function listenToBrowsers(
  { listen: where, origins, tls }: BrowserOptions,
  options: Omit<BrowserAppOptions, 'origins'>,
): Promise<Listener> {
  const app = browserApp({ ...options, origins: checkOrigins(origins) })
  const handle = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const times = timesOf(options.limits)
  const server = tls === undefined ? createServer(times, handle) : createHttpsServer({ ...times, ...tls }, handle)
  server.maxConnections = options.limits.maxConnections
  return listen(server, where)
}

const timesOf = (limits: Limits): ServerOptions => ({
  headersTimeout: Math.min(limits.headersMs, limits.bodyMs),
  requestTimeout: limits.bodyMs,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: Math.min(30_000, limits.headersMs),
})
