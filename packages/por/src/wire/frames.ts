// What a session carries: `u32 length, little-endian | message`. A frame of length 0 says only that its sender lives.

import { encodeMessage, limitOf, MAX_MESSAGE, malformed } from './codec.ts'
import type { Message } from './messages.ts'

const HEAD = 4
const FIRST = 1024

/** The frame that says: I am here. */
export const HEARTBEAT: Uint8Array = new Uint8Array(HEAD)

/** One message as it goes over a session. @throws DcmlError `borsh_invalid` where a field does not fit */
export function encodeFrame(message: Message): Uint8Array<ArrayBuffer> {
  const body = encodeMessage(message)
  const frame = new Uint8Array(HEAD + body.length)
  new DataView(frame.buffer).setUint32(0, body.length, true)
  frame.set(body, HEAD)
  return frame
}

/**
 * Cuts what arrives into frames. It holds at most one frame that is not whole, in at most twice the bytes that have
 * arrived of it: a length that was only announced costs nothing.
 */
export class FrameReader {
  #part = new Uint8Array(0)
  #held = 0
  #since: number | null = null

  /** When the first byte of a frame came whose last has not, on the clock of {@link push}; null between frames. */
  get partialSince(): number | null {
    return this.#since
  }

  /** Bytes set aside for that frame. */
  get capacity(): number {
    return this.#part.length
  }

  /**
   * Frames that this completes, without their length, empty for a heartbeat: each to be used before the next is taken.
   * @throws DcmlError `por_frame_malformed` as soon as a frame cannot become a message any more
   */
  *push(chunk: Uint8Array, now: number): Generator<Uint8Array, void, void> {
    let rest = chunk
    if (this.#held > 0) {
      const whole = this.#fill(rest)
      if (whole === null) return
      rest = rest.subarray(whole.taken)
      this.#drop()
      yield whole.body
    }
    for (;;) {
      const length = announced(rest)
      if (length === null || rest.length < HEAD + length) break
      yield rest.subarray(HEAD, HEAD + length)
      rest = rest.subarray(HEAD + length)
    }
    if (rest.length === 0) return
    this.#since = now
    this.#keep(rest)
  }

  /** Adds to the frame that is not whole: first its head, then no more than belongs to it. */
  #fill(chunk: Uint8Array): { readonly body: Uint8Array; readonly taken: number } | null {
    let taken = 0
    for (;;) {
      const held = this.#part.subarray(0, this.#held)
      const length = announced(held)
      const missing = (length === null ? HEAD : HEAD + length) - this.#held
      if (length !== null && missing <= 0) return { body: held.subarray(HEAD), taken }
      if (taken === chunk.length) return null
      const next = chunk.subarray(taken, taken + missing)
      this.#keep(next)
      taken += next.length
    }
  }

  #keep(bytes: Uint8Array): void {
    const needed = this.#held + bytes.length
    if (needed > this.#part.length) {
      const larger = new Uint8Array(Math.max(needed, Math.min(2 * this.#part.length, HEAD + MAX_MESSAGE), FIRST))
      larger.set(this.#part.subarray(0, this.#held))
      this.#part = larger
    }
    this.#part.set(bytes, this.#held)
    this.#held = needed
  }

  #drop(): void {
    this.#part = new Uint8Array(0)
    this.#held = 0
    this.#since = null
  }
}

/** Length of the frame that these bytes begin; null while they do not say. */
function announced(bytes: Uint8Array): number | null {
  if (bytes.length < HEAD) return null
  const length = new DataView(bytes.buffer, bytes.byteOffset, HEAD).getUint32(0, true)
  if (length > MAX_MESSAGE) throw malformed(`A frame of ${length} bytes is longer than any message.`)
  const limit = bytes.length > HEAD && length > 0 ? limitOf(bytes[HEAD]!) : MAX_MESSAGE
  if (limit === undefined) throw malformed(`${bytes[HEAD]} is no type of message.`)
  if (length > limit) throw malformed(`A frame of ${length} bytes is longer than its type allows.`)
  return length
}
