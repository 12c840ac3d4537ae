import { createServer, request } from 'node:http'
import { duplexPair } from 'node:stream'
import { DcmlError } from '@dcml/protocol'
import { getRequestListener } from '@hono/node-server'

/** A call of the attested port that did not come over a connection of its own. */
export interface InnerCall {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What the same call would have been answered over a connection. */
export interface InnerAnswer {
  readonly status: number
  readonly modelH: string | undefined
  readonly body: string
}

export type Inner = (call: InnerCall) => Promise<InnerAnswer>

/**
 * Calls an app in this process as HTTP would: so that what comes by another way meets the same schemas, limits and
 * payment, and no second set of them.
 * @param most longest answer in bytes; the call throws `sealed_too_large` for a longer one
 */
export function innerCalls(fetch: Parameters<typeof getRequestListener>[0], most: number): Inner {
  const server = createServer(getRequestListener(fetch, { overrideGlobalObjects: false }))
  return ({ method, path, headers, body }) => {
    const [near, far] = duplexPair()
    server.emit('connection', far)
    return new Promise<InnerAnswer>((resolve, reject) => {
      const outgoing = request({
        createConnection: () => near,
        host: 'enclave',
        method,
        path,
        headers: { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' },
      })
      outgoing.on('error', reject)
      outgoing.once('response', async (incoming) => {
        try {
          const parts: Buffer[] = []
          let size = 0
          for await (const part of incoming as AsyncIterable<Buffer>) {
            size += part.length
            if (size > most) throw tooLarge(most)
            parts.push(part)
          }
          const modelH = incoming.headers['dcml-model-h']
          resolve({
            status: incoming.statusCode!,
            modelH: typeof modelH === 'string' ? modelH : undefined,
            body: Buffer.concat(parts).toString('utf8'),
          })
        } catch (error) {
          reject(error)
        }
      })
      outgoing.end(body)
    }).finally(() => {
      near.destroy()
      far.destroy()
    })
  }
}

const tooLarge = (most: number): DcmlError =>
  new DcmlError('sealed_too_large', `The answer is longer than ${most} bytes.`, {
    hint: 'Ask for a shorter one.',
    details: { most },
  })
