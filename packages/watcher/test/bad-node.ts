import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A JSON-RPC request as it came. */
export interface Asked {
  readonly method: string
  readonly params: Record<string, unknown>
}

/** A node between a watcher and the chain: passes on, fails, never answers, or answers with a result of its own making. */
export async function nodeThat(
  target: string,
  decide: (asked: Asked) => 'pass' | 'hang' | 503 | object,
): Promise<{ url: string; seen: string[]; close(): void }> {
  const seen: string[] = []
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const asked = JSON.parse(body.toString())
    seen.push(asked.method)
    const fate = decide(asked)
    if (fate === 'hang') return undefined
    if (fate === 503) return response.writeHead(503).end()
    response.setHeader('content-type', 'application/json')
    if (fate !== 'pass') return response.end(JSON.stringify({ jsonrpc: '2.0', id: asked.id, result: fate }))
    const answer = await fetch(target, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
    return response.writeHead(answer.status).end(await answer.text())
  }
  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
