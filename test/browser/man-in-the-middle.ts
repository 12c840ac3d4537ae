// Who carries the bytes between page and runtime: keeps a copy of everything, and changes what a test tells it to.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One exchange, as it is about to be carried. */
export interface Exchange {
  readonly path: string
  readonly body: Buffer
  /** True for the call that opens a session. */
  readonly isAttest: boolean
}

/** An answer of the runtime, in the pieces in which it came. */
export interface Carried {
  readonly status: number
  readonly pieces: readonly Buffer[]
}

/** What to do in place of carrying an exchange as it is. */
export type Mischief = (exchange: Exchange, carry: (change?: Partial<Exchange>) => Promise<Carried>) => Promise<Carried>

export interface Middle {
  readonly origin: string
  /** Undefined: honest, and piece by piece as they come. */
  mischief: Mischief | undefined
  /** All bytes that crossed, both ways, heads included. */
  captured(): string
  close(): Promise<void>
}

/** Stands before the runtime at `target`. */
export async function startMiddle(target: string): Promise<Middle> {
  const capture: Buffer[] = []
  const keep = (bytes: Uint8Array | string): void => void capture.push(Buffer.from(bytes))

  function forward(path: string, body: Buffer, { method = 'POST', headers }: IncomingMessage, signal: AbortSignal) {
    const origin = headers.origin ?? ''
    return fetch(`${target}${path}`, { method, headers: { origin }, signal, ...(body.length > 0 && { body }) })
  }

  async function carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray())
    const path = request.url!
    keep(`${path}\n${JSON.stringify(request.headers)}\n`)
    keep(body)
    const left = new AbortController()
    response.once('close', () => left.abort())
    const allowed = { 'access-control-allow-origin': request.headers.origin ?? '' }
    if (middle.mischief === undefined) {
      const answer = await forward(path, body, request, left.signal)
      response.writeHead(answer.status, { ...allowed, 'content-type': answer.headers.get('content-type') ?? '' })
      keep(JSON.stringify([...answer.headers]))
      for await (const piece of answer.body ?? []) {
        keep(piece)
        response.write(piece)
      }
      response.end()
      return
    }
    const exchange = { path, body, isAttest: path.endsWith('/attest') }
    const { status, pieces } = await middle.mischief(exchange, async (change = {}) => {
      const answer = await forward(change.path ?? path, change.body ?? body, request, left.signal)
      return { status: answer.status, pieces: recordsOf(Buffer.from(await answer.arrayBuffer()), exchange.isAttest) }
    })
    response.writeHead(status, allowed)
    for (const piece of pieces) response.write(piece)
    response.end()
  }

  const server = createServer((request, response) => {
    carry(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const middle: Middle = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mischief: undefined,
    captured: () => Buffer.concat(capture).toString('latin1'),
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
  return middle
}

/** Cuts an answer where its records begin: the preface of 33 bytes, then `u32 length | ciphertext` each. */
function recordsOf(answer: Buffer, isJson: boolean): Buffer[] {
  if (isJson || answer[0] !== 1) return [answer]
  const pieces = [answer.subarray(0, 33)]
  for (let at = 33; at < answer.length; ) {
    const end = at + 4 + (answer.readUInt32BE(at) & 0x7fff_ffff)
    pieces.push(answer.subarray(at, end))
    at = end
  }
  return pieces
}
