import { createHash } from 'node:crypto'
import { toBase64url, toHex, utf8 } from '@dcml/protocol'

/** One measurement, as an event log keeps it. */
export interface RtmrEvent {
  /** RTMR index, 0 to 3. */
  imr: number
  event: string
  payload: Uint8Array
}

/** Event type of run-time measurements, as dstack uses. */
const RUNTIME_EVENT = 0x08000001

/** SHA-384 over type (LE32), ":", name, ":", payload: dstack's digest of a run-time event. */
export function eventDigest({ event, payload }: Omit<RtmrEvent, 'imr'>): Uint8Array {
  const type = new Uint8Array(4)
  new DataView(type.buffer).setUint32(0, RUNTIME_EVENT, true)
  return createHash('sha384').update(type).update(`:${event}:`).update(payload).digest()
}

/** RTMR := SHA-384(RTMR || digest), the one operation a TD has on its run-time registers. */
export const extendRtmr = (rtmr: Uint8Array, digest: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha384').update(rtmr).update(digest).digest())

/** RTMR0 to RTMR3 after all events, from zero. */
export function replay(events: readonly RtmrEvent[]): [Uint8Array, Uint8Array, Uint8Array, Uint8Array] {
  const rtmrs = [0, 1, 2, 3].map(() => new Uint8Array(48)) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  for (const event of events) rtmrs[event.imr] = extendRtmr(rtmrs[event.imr]!, eventDigest(event))
  return rtmrs
}

/** The event log of evidence: JSON, digests in hex, payloads in base64url. */
export const encodeEventLog = (events: readonly RtmrEvent[]): Uint8Array =>
  utf8(
    JSON.stringify(
      events.map((entry) => ({
        imr: entry.imr,
        event: entry.event,
        digest: toHex(eventDigest(entry)),
        payload: toBase64url(entry.payload),
      })),
    ),
  )
