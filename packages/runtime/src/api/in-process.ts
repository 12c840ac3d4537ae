import { type ClientRequest, createServer, type RequestOptions, request } from 'node:http'
import { duplexPair } from 'node:stream'
import { getRequestListener } from '@hono/node-server'

/** Begins a request to an app in this process; the caller ends it, and may destroy it at any time. */
export type InProcess = (options: Pick<RequestOptions, 'method' | 'path' | 'headers'>) => ClientRequest

/**
 * Calls an app in this process as HTTP would: so that what comes by another way meets the same schemas, limits and
 * payment, and no second set of them.
 */
export function inProcess(fetch: Parameters<typeof getRequestListener>[0]): InProcess {
  const server = createServer(getRequestListener(fetch, { overrideGlobalObjects: false }))
  return ({ method, path, headers }) => {
    const [near, far] = duplexPair()
    server.emit('connection', far)
    const outgoing = request({
      createConnection: () => near,
      host: 'enclave',
      method,
      path,
      headers: { ...(headers as Record<string, string>), connection: 'close' },
    })
    outgoing.once('close', () => {
      near.destroy()
      far.destroy()
    })
    return outgoing
  }
}
