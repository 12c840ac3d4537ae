// A request from inside the channel becomes the same call as over TLS; its answer goes back sealed, piece by piece.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AnswerSealer, HeaderList, OpenedRequest } from '@dcml/attestation'
import type { InProcess } from '../api/in-process.ts'

/** What says how bytes cross a connection, and nothing to an app (RFC 9110 §7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Calls the app, and writes its sealed answer. Where the answer breaks off, so does what is written: without its final
 * record nobody takes it for whole. Where the reader goes, the call ends.
 * @param stallMs how long a reader may leave a full buffer unread before it is cut off
 */
export async function relay(
  request: OpenedRequest,
  outgoing: ServerResponse,
  { call, stallMs }: { readonly call: InProcess; readonly stallMs: number },
): Promise<void> {
  // whoever left while the request was opened is not told of again
  if (outgoing.destroyed) return
  const { method, path, headers } = request.head
  const { body } = request
  const inner = call({ method, path, headers: carried(headers, method, body) })
  outgoing.once('close', () => inner.destroy())
  try {
    const sealer = await request.answer()
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      inner.once('response', resolve).on('error', reject)
      inner.end(body)
    })
    outgoing.writeHead(200, {
      'content-type': 'application/octet-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // a proxy that gathers answers before it passes them on would hold back every token
      'x-accel-buffering': 'no',
    })
    await seal(answer, outgoing, sealer, stallMs)
  } catch {
    outgoing.destroy()
  } finally {
    inner.destroy()
  }
}

async function seal(
  answer: IncomingMessage,
  outgoing: ServerResponse,
  sealer: AnswerSealer,
  stallMs: number,
): Promise<void> {
  outgoing.write(await sealer.head({ status: answer.statusCode!, headers: headersOf(answer) }))
  for await (const part of answer as AsyncIterable<Buffer>)
    if (!outgoing.write(await sealer.body(part))) await drained(outgoing, stallMs)
  outgoing.end(await sealer.end())
}

function carried(headers: HeaderList, method: string, body: Uint8Array): Record<string, string> {
  const all = new Headers()
  for (const [name, value] of headers) if (!HOP_BY_HOP.has(name.toLowerCase())) all.append(name, value)
  const isBodiless = body.length === 0 && (method === 'GET' || method === 'HEAD')
  return { ...Object.fromEntries(all), ...(!isBodiless && { 'content-length': String(body.length) }) }
}

function headersOf({ rawHeaders }: IncomingMessage): HeaderList {
  const headers: [string, string][] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    if (!HOP_BY_HOP.has(rawHeaders[i]!.toLowerCase())) headers.push([rawHeaders[i]!, rawHeaders[i + 1]!])
  return headers
}

/** Resolves when the reader has caught up; rejects when it is gone, or was given up. */
function drained(outgoing: ServerResponse, stallMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      outgoing.off('drain', onDrain).off('close', onGone)
      act()
    }
    const onDrain = (): void => settle(resolve)
    const onGone = (): void => settle(() => reject(new Error('the reader is gone')))
    const timer = setTimeout(onGone, stallMs)
    outgoing.on('drain', onDrain).on('close', onGone)
    if (outgoing.destroyed) onGone()
  })
}
