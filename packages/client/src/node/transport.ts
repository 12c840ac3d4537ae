import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { DcmlError } from '@dcml/protocol'
import { isBodiless, keptHeaders } from '../headers.ts'
import type { Settings } from '../options.ts'
import { malformedResponse } from '../response/events.ts'
import type { IncomingResponse, OutgoingRequest, Session, Transport } from '../transport.ts'
import { AttestedAgent } from './agent.ts'
import { bodyOf } from './body.ts'

/** node:https over verified connections: unlike `fetch`, it tells over which connection an answer came. */
export function nodeTransport({ endpoint, policy, roots, clock, silenceMs }: Settings): Transport {
  const closing = new AbortController()
  const host = endpoint.hostname.replace(/^\[|\]$/g, '')
  const port = Number(endpoint.port || 443)
  const agent = new AttestedAgent({ host, port, policy, clock, signal: closing.signal, ...(roots && { roots }) })

  function send({ method, target, headers, body, signal }: OutgoingRequest): Promise<IncomingResponse> {
    if (closing.signal.aborted) return Promise.reject(closed())
    agent.dropStale(clock())
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest({
        agent,
        host,
        port,
        method,
        path: target,
        headers: ownHeaders(headers, method, body),
        timeout: silenceMs,
      })
      const fate = new Fate(outgoing, signal, closing.signal, silenceMs)
      let session: Session | undefined
      outgoing.once('socket', (socket) => {
        session = agent.sessionOf(socket)
      })
      outgoing.once('response', (message) => {
        if (session === undefined) return outgoing.destroy(new Error('an answer over a connection nobody verified'))
        const { statusCode: status = 0, statusMessage: statusText = '' } = message
        const empty = isBodiless(method, status)
        if (empty) message.resume()
        const stream = empty ? null : bodyOf(message, (cause) => fate.explain(cause))
        resolve({ status, statusText, headers: headersOf(message), body: stream, session })
      })
      outgoing.once('upgrade', (_, socket) => {
        socket.destroy()
        reject(malformedResponse('it switches to another protocol'))
      })
      outgoing.on('error', (cause) => reject(fate.explain(cause)))
      // node:http reports some ends as nothing but a close; after an answer this changes nothing
      outgoing.once('close', () => reject(fate.explain(new Error('closed without an answer'))))
      outgoing.end(body)
    })
  }

  return {
    send,
    close() {
      closing.abort(closed())
      agent.destroy()
    },
  }
}

/** Ends a request early, and knows afterwards why it ended. */
class Fate {
  readonly #signal: AbortSignal
  readonly #closing: AbortSignal
  #silent: DcmlError | undefined

  constructor(outgoing: ClientRequest, signal: AbortSignal, closing: AbortSignal, silenceMs: number) {
    this.#signal = signal
    this.#closing = closing
    const abort = (): void => void outgoing.destroy()
    signal.addEventListener('abort', abort, { once: true })
    closing.addEventListener('abort', abort, { once: true })
    outgoing.on('timeout', () => {
      this.#silent = silent(silenceMs)
      outgoing.destroy()
    })
    outgoing.once('close', () => {
      signal.removeEventListener('abort', abort)
      closing.removeEventListener('abort', abort)
    })
  }

  /** What the caller is told in place of what the socket said. */
  explain(cause: unknown): unknown {
    if (this.#signal.aborted) return this.#signal.reason
    if (this.#closing.aborted) return this.#closing.reason
    if (this.#silent !== undefined) return this.#silent
    return DcmlError.isInstance(cause) ? cause : lost(cause)
  }
}

function ownHeaders(headers: Headers, method: string, body: Uint8Array): Record<string, string> {
  const hasBody = body.length > 0 || (method !== 'GET' && method !== 'HEAD')
  return {
    ...Object.fromEntries(keptHeaders(headers)),
    // what is hashed has to be what was sent
    'accept-encoding': 'identity',
    ...(hasBody && { 'content-length': String(body.length) }),
  }
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!)
  return headers
}

const lost = (cause: unknown): DcmlError =>
  new DcmlError('connection_lost', 'The connection broke before the answer was complete.', {
    hint: 'Ask again.',
    retryable: true,
    cause,
  })

const silent = (ms: number): DcmlError =>
  new DcmlError('response_timeout', `The host was silent for ${ms} ms.`, {
    hint: 'Ask again, or ask another host.',
    retryable: true,
  })

const closed = (): DcmlError => new DcmlError('client_closed', 'The client was closed.', { hint: 'Make a new client.' })
