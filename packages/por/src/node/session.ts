import type { TLSSocket } from 'node:tls'
import { DcmlError } from '@dcml/protocol'
import { decodeMessage } from '../wire/codec.ts'
import { encodeFrame, FrameReader, HEARTBEAT } from '../wire/frames.ts'
import type { Message } from '../wire/messages.ts'
import { Bucket } from './bucket.ts'
import type { SessionLimits } from './limits.ts'

export interface SessionEvents {
  /** Told of messages that came together before each of them; nothing is read until it is done. Null for at once. */
  ahead?(messages: readonly Message[]): Promise<unknown> | null
  message(message: Message): void
  /** Once, with a code that says why. */
  closed(code: string): void
}

/** Heartbeats without a byte from the other end after which it counts as gone. */
const MISSED = 3

/** Messages over one connection whose other end was authenticated: nothing is read before {@link Session.start}. */
export class Session {
  readonly #socket: TLSSocket
  readonly #limits: SessionLimits
  readonly #on: SessionEvents
  readonly #reader = new FrameReader()
  readonly #frames: Bucket
  readonly #bytes: Bucket
  readonly #began = performance.now()
  #heardAt = this.#began
  #saidAt = this.#began
  #spoke = false
  #closed = false
  #pausing: ReturnType<typeof setTimeout> | undefined

  constructor(socket: TLSSocket, limits: SessionLimits, on: SessionEvents) {
    this.#socket = socket
    this.#limits = limits
    this.#on = on
    this.#frames = new Bucket(limits.framesPerSecond, this.#began)
    this.#bytes = new Bucket(limits.bytesPerSecond, this.#began)
  }

  start(): void {
    const socket = this.#socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Uint8Array) => this.#read(chunk))
    socket.on('close', () => this.close('por_session_ended'))
    socket.on('error', () => this.close('por_session_ended'))
    if (socket.destroyed) this.close('por_session_ended')
  }

  /** Sends, or closes the session where too much waits already. */
  send(message: Message): void {
    if (this.#closed) return
    this.#write(encodeFrame(message))
  }

  /** To be called every so often: sends a heartbeat, or closes what went silent or never completes. */
  check(now = performance.now()): void {
    const { handshake, heartbeat, frame } = this.#limits
    const partial = this.#reader.partialSince
    if (!this.#spoke && now - this.#began > handshake) this.close('por_session_late')
    else if (partial !== null && now - partial > frame) this.close('por_frame_late')
    else if (this.#pausing === undefined && now - this.#heardAt > MISSED * heartbeat) this.close('por_session_silent')
    else if (now - this.#saidAt >= heartbeat) this.#write(HEARTBEAT)
  }

  close(code: string): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#pausing)
    this.#socket.destroy()
    this.#on.closed(code)
  }

  #write(frame: Uint8Array): void {
    if (this.#closed) return
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork()
      process.nextTick(() => this.#socket.uncork())
    }
    this.#socket.write(frame)
    this.#saidAt = performance.now()
    if (this.#socket.writableLength > this.#limits.queued) this.close('por_session_backlog')
  }

  #read(chunk: Uint8Array): void {
    const now = performance.now()
    this.#heardAt = now
    const messages: Message[] = []
    let count = 0
    let fault: string | null = null
    try {
      for (const body of this.#reader.push(chunk, now)) {
        count++
        if (body.length > 0) messages.push(decodeMessage(body))
      }
    } catch (error) {
      if (!DcmlError.isInstance(error)) throw error
      fault = error.code
    }
    const delay = Math.max(this.#frames.take(count, now), this.#bytes.take(chunk.length, now))
    const ahead = this.#on.ahead?.(messages) ?? null
    if (ahead === null) {
      this.#hand(messages, fault)
      this.#slow(delay)
      return
    }
    this.#socket.pause()
    void ahead.then(() => {
      this.#hand(messages, fault)
      if (this.#closed) return
      if (delay === 0) this.#socket.resume()
      else this.#slow(delay)
    })
  }

  /** Hands messages over in order, up to one that nobody can read. */
  #hand(messages: readonly Message[], fault: string | null): void {
    for (const message of messages) {
      if (this.#closed) return
      this.#spoke = true
      this.#on.message(message)
    }
    if (fault !== null) this.close(fault)
  }

  /** Reads nothing for so many ms: what waits then fills the other end's buffers, not ours. */
  #slow(ms: number): void {
    if (ms === 0 || this.#closed) return
    this.#socket.pause()
    clearTimeout(this.#pausing)
    this.#pausing = setTimeout(() => {
      this.#pausing = undefined
      this.#socket.resume()
    }, ms)
  }
}
