import { DcmlError } from '@dcml/protocol'
import { type InProcess, inProcess } from '../api/in-process.ts'

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
 * Calls an app in this process, for whole answers.
 * @param most longest answer in bytes; the call throws `sealed_too_large` for a longer one
 */
export function innerCalls(fetch: Parameters<typeof inProcess>[0], most: number): Inner {
  const begin = inProcess(fetch)
  return ({ method, path, headers, body }) => {
    const outgoing = begin({ method, path, headers: { ...headers, 'content-length': Buffer.byteLength(body) } })
    return answerOf(outgoing, body, most).finally(() => outgoing.destroy())
  }
}

function answerOf(outgoing: ReturnType<InProcess>, body: string, most: number): Promise<InnerAnswer> {
  return new Promise((resolve, reject) => {
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
  })
}

const tooLarge = (most: number): DcmlError =>
  new DcmlError('sealed_too_large', `The answer is longer than ${most} bytes.`, {
    hint: 'Ask for a shorter one.',
    details: { most },
  })
