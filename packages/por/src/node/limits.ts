/** What one neighbour may cost this node. Durations in ms. */
export interface SessionLimits {
  /** From the connection to the first message, TLS included. */
  readonly handshake: number
  /** Silence after which an empty frame is sent. Three of them without a byte from the other end close the session. */
  readonly heartbeat: number
  /** From the first byte of a frame to its last. */
  readonly frame: number
  /** Beyond these nothing is read for a while, so that the other end has to wait. */
  readonly framesPerSecond: number
  readonly bytesPerSecond: number
  /** Bytes that wait to be sent; a neighbour that lets more pile up is not reading. */
  readonly queued: number
  /** Sessions, and connections that are not one yet: of these, the oldest makes room for a new one. */
  readonly sessions: number
  readonly handshakes: number
}

export const SESSION_LIMITS: SessionLimits = {
  handshake: 10_000,
  heartbeat: 5_000,
  frame: 20_000,
  framesPerSecond: 50_000,
  bytesPerSecond: 64 * 1024 * 1024,
  queued: 32 * 1024 * 1024,
  sessions: 1024,
  handshakes: 128,
}
