// Server-sent events, as a runtime writes them and no wider: whatever two readers could read differently is refused, so
// that what the application sees is what the receipt covers.
import { concatBytes, DcmlError } from '@dcml/protocol'

/** One event: its bytes with the blank line, and its payload unless it is a comment. */
export interface StreamEvent {
  readonly bytes: Uint8Array
  readonly payload?: string
}

/** Room for an answer that is repeated whole in its last event. */
const MAX_EVENT_BYTES = 8 * 1024 * 1024
const LF = 10

/** The error of an answer that is not of the form a runtime gives it. */
export const malformedResponse = (why: string, cause?: unknown): DcmlError =>
  new DcmlError('response_malformed', `The answer cannot be read: ${why}.`, {
    hint: 'The host does not run this version of DCML. Do not use this answer.',
    cause,
  })

/** Splits a stream into events; bytes of an event that is not complete yet are held back. */
export class EventSplitter {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  #held: Uint8Array[] = []
  #heldBytes = 0
  #afterLf = false

  /** True where the stream would end in the middle of an event. */
  get incomplete(): boolean {
    return this.#heldBytes > 0
  }

  /** The events that `chunk` completes. @throws DcmlError `response_malformed` */
  *push(chunk: Uint8Array): Generator<StreamEvent> {
    let start = 0
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, at + 1)) {
      const blank = at === 0 ? this.#afterLf : chunk[at - 1] === LF
      if (!blank) continue
      const bytes = this.#take(chunk.subarray(start, at + 1))
      start = at + 1
      yield this.#read(bytes)
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start))
    if (chunk.length > 0) this.#afterLf = chunk[chunk.length - 1] === LF
  }

  #hold(part: Uint8Array): void {
    this.#held.push(part)
    this.#heldBytes += part.length
    if (this.#heldBytes > MAX_EVENT_BYTES) throw malformedResponse(`an event is longer than ${MAX_EVENT_BYTES} bytes`)
  }

  #take(last: Uint8Array): Uint8Array {
    if (this.#heldBytes === 0) return last
    const bytes = concatBytes(...this.#held, last)
    this.#held = []
    this.#heldBytes = 0
    return bytes
  }

  #read(bytes: Uint8Array): StreamEvent {
    let text: string
    try {
      text = this.#decoder.decode(bytes)
    } catch (cause) {
      throw malformedResponse('it is not UTF-8', cause)
    }
    // WHATWG HTML §9.2.6 ends lines at CR as well
    if (text.includes('\r')) throw malformedResponse('a line ends in CR')
    let payload: string | undefined
    for (const line of text.slice(0, -2).split('\n')) {
      if (line.startsWith('data: ')) {
        if (payload !== undefined) throw malformedResponse('an event has two data lines')
        payload = line.slice(6)
      } else if (!line.startsWith(':') && !/^event: [\w.-]+$/.test(line))
        throw malformedResponse('a line is neither data, event nor comment')
    }
    return payload === undefined ? { bytes } : { bytes, payload }
  }
}
