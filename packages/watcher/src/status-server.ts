import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DcmlError } from '@dcml/protocol'
import type { Metrics, Sight } from './metrics.ts'

/**
 * `/healthz` (503 while blind, so that an orchestrator notices) and `/metrics`, for reading only.
 * @throws DcmlError `listen_failed`
 */
export async function serveStatus(
  { host, port }: { host: string; port: number },
  metrics: Metrics,
  health: () => { ok: boolean; sight: Sight },
): Promise<{ address: { host: string; port: number }; close(): void }> {
  const server = createServer(async (request, response) => {
    if (request.method === 'GET' && request.url === '/healthz') {
      const { ok, sight } = health()
      const { channels, closing, blindSeconds } = sight
      response.writeHead(ok ? 200 : 503, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ ok, channels, closing, blindSeconds }))
    } else if (request.method === 'GET' && request.url === '/metrics') {
      response.writeHead(200, { 'content-type': metrics.registry.contentType })
      response.end(await metrics.registry.metrics())
    } else response.writeHead(404).end()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new DcmlError('listen_failed', `Nothing can listen on ${host}:${port}.`, {
          hint: 'Another process has the port, or the address is not of this machine.',
          cause,
        }),
      ),
    )
    server.listen(port, host, resolve)
  })
  const bound = server.address() as AddressInfo
  return {
    address: { host: bound.address, port: bound.port },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
