import { request } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { MAX_SERVICE_EVIDENCE } from '@dcml/attestation/services'
import { DcmlError } from '@dcml/protocol'

/** What a service answered, and what is known of the very connection that it answered over. */
export interface Answer {
  /** HTTP status. */
  readonly status: number
  readonly body: Uint8Array
  /** DER of the certificate that the server showed. */
  readonly certificate: Uint8Array
}

export interface AskOptions {
  /** Bearer token. It goes out only where the server's certificate is one that browsers would take. */
  readonly apiKey?: string
  readonly timeoutMs?: number
}

/**
 * Asks over a TLS connection of its own. The certificate is not judged here, because evidence names its key; with an API
 * key it has to be valid as well. Redirects are not followed: they would lead to another connection.
 * @throws DcmlError `service_unreachable`, `service_answer_too_large`
 */
export function ask(url: URL, { apiKey, timeoutMs = 60_000 }: AskOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      agent: false,
      rejectUnauthorized: apiKey !== undefined,
      signal: AbortSignal.timeout(timeoutMs),
      headers: { accept: 'application/json', ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }) },
    })
    outgoing.on('error', (cause) => reject(unreachable(url, cause)))
    outgoing.on('response', (incoming) => {
      const certificate = (incoming.socket as TLSSocket).getPeerX509Certificate()?.raw
      const chunks: Uint8Array[] = []
      let length = 0
      incoming.on('error', (cause) => reject(unreachable(url, cause)))
      incoming.on('data', (chunk: Uint8Array) => {
        length += chunk.length
        chunks.push(chunk)
        if (length <= MAX_SERVICE_EVIDENCE) return
        outgoing.destroy()
        reject(tooLarge(url))
      })
      incoming.on('end', () => {
        if (certificate === undefined) return reject(unreachable(url, new Error('it showed no certificate')))
        const body = Uint8Array.from(Buffer.concat(chunks))
        resolve({ status: incoming.statusCode ?? 0, body, certificate: Uint8Array.from(certificate) })
      })
    })
    outgoing.end()
  })
}

const unreachable = ({ host }: URL, cause: NodeJS.ErrnoException): DcmlError =>
  new DcmlError('service_unreachable', `${host} does not answer: ${cause.message}.`, {
    hint: 'Check the address. With an API key the certificate of the server has to be valid.',
    retryable: true,
    details: { host, reason: cause.code ?? 'unknown' },
    cause,
  })

/** What to tell of an answer with another status than 200. */
export const refused = ({ host, pathname }: URL, status: number): DcmlError =>
  new DcmlError('service_refused', `${host} answered ${status} to ${pathname}.`, {
    hint:
      status === 401 || status === 403
        ? 'It wants an API key: set DCML_API_KEY to KEY@HOST.'
        : 'Check the address; a DCML host is written host:port.',
    retryable: status >= 500 || status === 429,
    details: { host, status },
  })

const tooLarge = ({ host }: URL): DcmlError =>
  new DcmlError('service_answer_too_large', `${host} sends more than ${MAX_SERVICE_EVIDENCE} bytes.`, {
    hint: 'No evidence is that long: check the address.',
    details: { host },
  })
