import type { ServerResponse } from 'node:http'
import type { ResponseHash } from '@dcml/protocol'
import { responseHash } from './receipts.ts'

/**
 * A response body of server-sent events, written straight to the socket: on the path of every token there is one
 * string, one hash update and one write.
 */
export class EventStream {
  readonly #outgoing: ServerResponse
  readonly #headers: Record<string, string>
  readonly #hash: ResponseHash = responseHash()
  readonly #stallMs: number

  /** @param options.stallMs how long a reader may leave a full buffer unread before it is cut off */
  constructor(outgoing: ServerResponse, options: { headers: Record<string, string>; stallMs: number }) {
    this.#outgoing = outgoing
    this.#headers = options.headers
    this.#stallMs = options.stallMs
  }

  /** True once the status line is out, after which a fault can only be told inside the stream. */
  get begun(): boolean {
    return this.#outgoing.headersSent
  }

  /** Writes a payload that counts for `responseH`. An arrow function, so that it can be passed on as `Emit`. */
  readonly send = (payload: string, event?: string): void => {
    this.#hash.add(payload)
    this.#write(payload, event)
  }

  /** Writes a comment (a line that begins with a colon): no reader of events sees it, and no hash covers it. */
  comment(text: string): void {
    this.#begin()
    this.#outgoing.write(text)
  }

  /** Ends the stream with its last payload, which `attach` completes once its hash is known. */
  async finish(
    last: { payload: string; event?: string },
    attach: (responseH: Uint8Array) => Promise<string>,
    terminator: string,
  ): Promise<void> {
    this.#hash.add(last.payload)
    this.#write(await attach(this.#hash.digest()), last.event)
    this.#outgoing.end(terminator)
  }

  /** Ends the stream with a fault and without a receipt. */
  fail(payload: string, event?: string): void {
    this.#write(payload, event)
    this.#outgoing.end()
  }

  /** True while the reader is behind and no more should be generated. */
  get full(): boolean {
    return this.#outgoing.writableNeedDrain
  }

  /** Resolves when the reader has caught up or is gone; cuts off a reader that does not read. */
  async drained(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#outgoing.destroy(), this.#stallMs)
      const settle = (): void => {
        clearTimeout(timer)
        this.#outgoing.off('drain', settle).off('close', settle)
        resolve()
      }
      this.#outgoing.on('drain', settle).on('close', settle)
    })
  }

  #write(payload: string, event: string | undefined): void {
    this.#begin()
    this.#outgoing.write(event === undefined ? `data: ${payload}\n\n` : `event: ${event}\ndata: ${payload}\n\n`)
  }

  #begin(): void {
    if (!this.#outgoing.headersSent) this.#outgoing.writeHead(200, this.#headers)
  }
}
