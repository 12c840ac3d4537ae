import { DcmlError, toHex } from '@dcml/protocol'
import type { PorRequest } from '@dcml/protocol/por'
import type { Logger } from 'pino'

/** What an application is told beside the payload. */
export interface About {
  /** Account of the requester. */
  readonly requester: string
  readonly requestHash: Uint8Array
  /** Bytes that the answer may have: a longer one is none. */
  readonly maxResponse: number
  /** Milliseconds that the answer may take before it is late, and paid for by this node. */
  readonly service: number
  /** Aborted when the node closes. */
  readonly signal: AbortSignal
}

/**
 * Answers requests of one application: status 0 with an answer, 2 where it failed; the node signs either. A thrown error
 * is no answer: the node signs a 2 without a payload, or stays silent where its `mute` names the application.
 */
export type Handler = (
  payload: Uint8Array,
  about: About,
) => Promise<{ readonly status: 0 | 2; readonly payload: Uint8Array }>

export interface Answer {
  readonly status: number
  readonly payload: Uint8Array
}

/** Answers with what it was sent: whether a node is there at all. */
const ping: Handler = async (payload) => ({ status: 0, payload })

/** The applications of a node, by the name in the request. `dcml/ping` is always there. */
export class Apps {
  readonly #handlers: ReadonlyMap<string, Handler>
  readonly #log: Logger
  readonly #ending = new AbortController()

  constructor(handlers: Readonly<Record<string, Handler>>, log: Logger) {
    this.#handlers = new Map([['dcml/ping', ping], ...Object.entries(handlers)])
    this.#log = log
  }

  get names(): readonly string[] {
    return [...this.#handlers.keys()]
  }

  /** Null where the application has no answer: never throws. */
  async answer(
    { app, requester, service, maxResponse }: PorRequest,
    requestHash: Uint8Array,
    payload: Uint8Array,
  ): Promise<Answer | null> {
    try {
      const about = { requester, requestHash, maxResponse, service, signal: this.#ending.signal }
      const answer = await this.#handlers.get(app)!(payload, about)
      if (answer.payload.length <= maxResponse || answer.status === 2) return answer
      throw new DcmlError('por_answer_long', `The answer has ${answer.payload.length} bytes, not ${maxResponse}.`, {
        hint: 'Let the application cut its answers up.',
      })
    } catch (err) {
      this.#log.warn({ err, app, requestHash: toHex(requestHash) }, 'an application failed')
      return null
    }
  }

  close(): void {
    this.#ending.abort()
  }
}
