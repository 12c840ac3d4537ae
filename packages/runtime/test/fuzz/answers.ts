// Services and tools that answer with whatever is fuzzed.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fetch } from '../../src/tee/collateral/http.ts'

type Body = Uint8Array | string

/** A `fetch` whose answers are chosen by what the URL holds. */
export const fetchOf = (answers: Readonly<Record<string, { body: Body; headers?: Record<string, string> }>>): Fetch =>
  (async (url: string) => {
    const found = Object.entries(answers).find(([part]) => url.includes(part))
    if (found === undefined) return new Response('', { status: 404 })
    const { body, headers = {} } = found[1]
    return new Response(typeof body === 'string' ? body : Uint8Array.from(body), { headers })
  }) as Fetch

/** A guest agent at a unix socket that answers everything with the same bytes, until the process ends. */
export async function agent(): Promise<{ socket: string; answer(body: Uint8Array): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'dcml-fuzz-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const socket = join(folder, 'agent.sock')
  let body: Uint8Array = new Uint8Array()
  const server = createServer((request, response) => {
    request.resume()
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  server.unref()
  return {
    socket,
    answer(next) {
      body = next
    },
  }
}
