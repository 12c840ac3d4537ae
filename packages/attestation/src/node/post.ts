import { request } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { DcmlError } from '@dcml/protocol'

const MAX_ANSWER_BYTES = 65_536

/** What came back over a verified connection. */
export interface PostAnswer {
  readonly status: number
  /** Parsed body, undefined where it is not JSON. */
  readonly json: unknown
}

/**
 * Sends one JSON request over a connection that was verified, and over no other. The connection is of no use afterwards.
 * @throws DcmlError `connection_lost`, or the reason of `signal`
 */
export function postOver(socket: TLSSocket, target: string, body: string, signal: AbortSignal): Promise<PostAnswer> {
  return new Promise((resolve, reject) => {
    const explain = (cause: unknown): unknown => (signal.aborted ? signal.reason : lost(cause))
    // With `agent: false` node:http would ignore createConnection and dial by itself, in the clear.
    const outgoing = request({
      createConnection: () => socket,
      host: socket.remoteAddress ?? 'enclave',
      method: 'POST',
      path: target,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), connection: 'close' },
      signal,
    })
    let answered = false
    outgoing.once('response', async (message) => {
      answered = true
      try {
        let text = ''
        for await (const chunk of message.setEncoding('utf8')) {
          text += chunk
          if (text.length > MAX_ANSWER_BYTES) throw new Error('the answer is too long')
        }
        resolve({ status: message.statusCode ?? 0, json: parse(text) })
      } catch (cause) {
        reject(explain(cause))
      }
    })
    outgoing.once('upgrade', () => {
      socket.destroy()
      reject(lost(new Error('the answer switches protocols')))
    })
    outgoing.on('error', (cause) => reject(explain(cause)))
    // node:http reports some ends as nothing but a close
    outgoing.once('close', () => {
      if (!answered) reject(explain(new Error('closed without an answer')))
    })
    outgoing.end(body)
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const lost = (cause: unknown): DcmlError =>
  new DcmlError('connection_lost', 'The enclave did not answer to the end.', {
    hint: 'Ask it whether it has the key, and try again if not.',
    retryable: true,
    cause,
  })
