import { concatBytes, equalBytes, fromHex, toBase64url, toHex, utf8 } from '@dcml/protocol'
import { sha384 } from '@noble/hashes/sha2.js'
import * as v from 'valibot'
import { atMost, hexText, printable, readJson, readValue, textUpTo } from './fields.ts'

/** One measurement that was extended into a run-time measurement register. */
export interface LogEvent {
  /** Register, 0 to 3. */
  readonly imr: number
  /** Name; empty for what firmware measured. */
  readonly event: string
  /** SHA-384 that was extended. */
  readonly digest: Uint8Array
  /** What was measured, for events of register 3. */
  readonly payload: Uint8Array
}

/** Event of RTMR3 whose payload is `imageH`: the boot code measured the image manifest before it started anything. */
export const IMAGE_EVENT = 'image'

/** Event of RTMR3 after which the workload runs: what is measured later says nothing about how it was started. */
export const READY_EVENT = 'ready'

/** Longest event log a verifier reads, in bytes. */
const MAX_EVENT_LOG_BYTES = 131_072

// event type of run-time events in dstack's logs, so that its digests can be recomputed here
const RUNTIME_EVENT = Uint8Array.of(1, 0, 0, 8)

const schema = v.pipe(
  v.array(
    v.strictObject({
      imr: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3)),
      event: textUpTo(128),
      digest: v.pipe(
        hexText(48),
        v.transform((hex) => fromHex(hex)),
      ),
      payload: atMost(4096),
    }),
  ),
  v.maxLength(512),
)

/** Digest of a run-time event: SHA-384 over type (u32 little endian), name and payload, with colons between. */
export const eventDigest = (event: string, payload: Uint8Array): Uint8Array =>
  sha384(concatBytes(RUNTIME_EVENT, utf8(`:${event}:`), payload))

/** The register after extending `register` by `digest` (TDX: SHA-384 of both). */
export const extendRegister = (register: Uint8Array, digest: Uint8Array): Uint8Array =>
  sha384(concatBytes(register, digest))

/** Reads an event log: a JSON array of `{imr, event, digest: hex, payload: base64url}`. @throws DcmlError `event_log_malformed` */
export const parseEventLog = (bytes: Uint8Array): LogEvent[] =>
  readValue(schema, readJson(bytes, MAX_EVENT_LOG_BYTES, 'event_log_malformed'), 'event_log_malformed')

/** Writes an event log. */
export const formatEventLog = (log: readonly LogEvent[]): Uint8Array<ArrayBuffer> =>
  utf8(
    JSON.stringify(
      log.map(({ imr, event, digest, payload }) => ({
        imr,
        event,
        digest: toHex(digest),
        payload: toBase64url(payload),
      })),
    ),
  )

/** The four registers that the log's digests lead to, from zero. */
export function replayEventLog(log: readonly LogEvent[]): Uint8Array[] {
  const registers = Array.from({ length: 4 }, () => new Uint8Array(48) as Uint8Array)
  for (const { imr, digest } of log) registers[imr] = extendRegister(registers[imr]!, digest)
  return registers
}

/**
 * Why RTMR3's events do not show that `imageH` was measured, exactly once, before the workload was started; undefined
 * when they do. Payloads and names count only through digests that were recomputed.
 */
export function identityFault(log: readonly LogEvent[], imageH: Uint8Array): string | undefined {
  const events = log.filter(({ imr }) => imr === 3)
  const forged = events.find(({ event, payload, digest }) => !equalBytes(eventDigest(event, payload), digest))
  if (forged !== undefined) return `the digest of "${printable(forged.event)}" is not over its name and payload`
  const positions = (name: string): number[] => events.flatMap(({ event }, i) => (event === name ? [i] : []))
  const [image, ...moreImages] = positions(IMAGE_EVENT)
  const [ready, ...moreReady] = positions(READY_EVENT)
  if (image === undefined || moreImages.length > 0) return `${IMAGE_EVENT} is not there exactly once`
  if (ready === undefined || moreReady.length > 0) return `${READY_EVENT} is not there exactly once`
  if (image > ready) return `${IMAGE_EVENT} comes after ${READY_EVENT}`
  if (!equalBytes(events[image]!.payload, imageH)) return `${IMAGE_EVENT} measured another image`
  return undefined
}
