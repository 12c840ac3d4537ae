// dstack's guest agent answers with one JSON log: what firmware measured (from the CCEL, registers from 0) and, in RTMR3,
// what dstack itself measured. Its own events are hashed over type, name and payload, so those can be believed.
import { equalBytes, fromHex, toHex, utf8 } from '@dcml/protocol'
import { sha384 } from '@noble/hashes/sha2.js'
import * as v from 'valibot'
import { eventDigest, type LogEvent } from '../evidence/event-log.ts'
import { malformed, printable, readJson, readValue, textUpTo } from '../evidence/fields.ts'

/** One event of a dstack log. */
export interface DstackEvent extends LogEvent {
  /** TCG event type; 0x08000001 for dstack's own. */
  readonly type: number
}

/** Longest log that is read, in bytes. */
export const MAX_DSTACK_LOG_BYTES = 262_144

const RUNTIME_EVENT = 0x0800_0001

/** Lower-case hex of at most so many bytes. */
export const hexUpTo = (bytes: number) =>
  v.pipe(
    v.string(),
    v.maxLength(bytes * 2, `more than ${bytes} bytes`),
    v.check((text) => text.length % 2 === 0 && /^[0-9a-f]*$/.test(text), 'not lower-case hex'),
    v.transform((text) => fromHex(text)),
  )

const schema = v.pipe(
  v.array(
    v.strictObject({
      imr: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3)),
      event_type: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff)),
      digest: hexUpTo(48),
      event: v.pipe(
        textUpTo(256),
        // Two names must not be the same bytes, which they are hashed as.
        v.check((name) => name.isWellFormed(), 'not Unicode text'),
      ),
      event_payload: hexUpTo(32_768),
      version: v.optional(v.picklist([1, 2]), 1),
      preimage: v.optional(hexUpTo(66_560)),
    }),
  ),
  v.maxLength(1024),
)

type Entry = v.InferOutput<typeof schema>[number]

/**
 * Reads dstack's event log (guest agent 0.3 to 0.6, digests of version 1 and 2) and recomputes the digest of every event
 * of RTMR3, where only dstack's own may be. Replay with `replayEventLog`: only then does it say anything.
 * @throws DcmlError `event_log_malformed`
 */
export function readDstackLog(input: Uint8Array | string): DstackEvent[] {
  const entries = readValue(schema, readJson(input, MAX_DSTACK_LOG_BYTES, 'event_log_malformed'), 'event_log_malformed')
  return entries.map((entry) => ({
    imr: entry.imr,
    type: entry.event_type,
    event: entry.event,
    digest: digestOf(entry),
    payload: entry.event_payload,
  }))
}

/** The digest to extend: recomputed where that is possible, and never one that does not fit. */
function digestOf({ imr, event_type, digest, preimage, event, event_payload, version }: Entry): Uint8Array {
  const name = printable(event)
  if ((imr === 3) !== (event_type === RUNTIME_EVENT)) throw refuse(`"${name}" is in the wrong register for its type`)
  if (imr !== 3) {
    if (digest.length !== 48) throw refuse(`an event of RTMR${imr} has no SHA-384`)
    return digest
  }
  const computed = version === 2 ? sha384(canonicalEvent(event, event_payload)) : eventDigest(event, event_payload)
  // Logs that were made smaller for transport leave out what can be recomputed.
  if (digest.length > 0 && !equalBytes(digest, computed))
    throw refuse(`the digest of "${name}" is not over its name and payload`)
  if (preimage && !equalBytes(sha384(preimage), computed))
    throw refuse(`what "${name}" says was hashed is not its name and payload`)
  return computed
}

/** Version 2 hashes canonical JSON (RFC 8785), whose text of a string is that of `JSON.stringify`. */
const canonicalEvent = (name: string, payload: Uint8Array): Uint8Array =>
  utf8(`{"name":${JSON.stringify(name)},"payload":"${toHex(payload)}","type":${RUNTIME_EVENT}}`)

const refuse = (why: string) => malformed('event_log_malformed', why)
