// The event log that a TD's firmware, boot loader and kernel keep in the ACPI table CCEL: the crypto-agile form of the
// TCG (EFI Protocol Specification §5, PC Client Platform Firmware Profile §10.2), with SHA-384 alone and registers
// numbered as UEFI's confidential computing does (UEFI 2.10 §38.4.1: 0 is MRTD, 1 to 4 are RTMR0 to RTMR3).
import { equalBytes, utf8 } from '@dcml/protocol'
import { Cursor } from '../cursor.ts'
import type { LogEvent } from '../evidence/event-log.ts'
import { malformed } from '../evidence/fields.ts'

/** One event of firmware or boot loader; what it says of itself (`payload`) is vouched for by nothing but its digest. */
export interface CcelEvent extends LogEvent {
  /** TCG event type, such as 0x80000003 for an EFI application that was started. */
  readonly type: number
}

/** Longest CCEL that is read, in bytes: firmware reserves 64 KiB to 256 KiB. */
export const MAX_CCEL_BYTES = 262_144

const EV_NO_ACTION = 3
const SHA384 = 0x000c
const DIGEST = 48
/** Register number behind the last event: what follows is memory that nothing was written to. */
const END = 0xffff_ffff
const SPEC_ID = utf8('Spec ID Event03\0')

/**
 * Reads a CCEL, with or without the unwritten memory behind its events. Events that extend no register (EV_NO_ACTION,
 * and those of MRTD) are left out; the rest replay with `replayEventLog`.
 * @throws DcmlError `event_log_malformed`
 */
export function readCcel(bytes: Uint8Array): CcelEvent[] {
  if (bytes.length > MAX_CCEL_BYTES) throw refuse(`${bytes.length} bytes are more than ${MAX_CCEL_BYTES}`)
  const reader = new Cursor(bytes, refuse)
  readHeader(reader)
  const events: CcelEvent[] = []
  while (!reader.done) {
    const register = reader.uint(4)
    if (register === END) {
      if (reader.rest().some((byte) => byte !== 0xff)) throw refuse('something is written behind its end')
      break
    }
    if (register > 4) throw refuse(`there is no register ${register}`)
    const event = readEvent(reader)
    if (event.type !== EV_NO_ACTION && register > 0) events.push({ imr: register - 1, event: '', ...event })
  }
  return events
}

/** The first event has the form of TPM 1.2, and says which digests all others carry. */
function readHeader(reader: Cursor): void {
  if (reader.uint(4) > 1) throw refuse('the header is for another register')
  if (reader.uint(4) !== EV_NO_ACTION) throw refuse('it does not begin with its header')
  if (reader.take(20).some((byte) => byte !== 0)) throw refuse('the header has a digest')
  const header = new Cursor(reader.take(reader.uint(4)), refuse)
  if (!equalBytes(header.take(16), SPEC_ID)) throw refuse('it is not in crypto-agile form')
  header.take(8) // platform class, specification version, errata, size of UINTN
  if (header.uint(4) !== 1 || header.uint(2) !== SHA384 || header.uint(2) !== DIGEST)
    throw refuse('its digests are not SHA-384 alone')
  header.take(header.uint(1))
  if (!header.done) throw refuse('the header is longer than it says')
}

/** TCG_PCR_EVENT2 behind its register. */
function readEvent(reader: Cursor): Pick<CcelEvent, 'type' | 'digest' | 'payload'> {
  const type = reader.uint(4)
  if (reader.uint(4) !== 1 || reader.uint(2) !== SHA384) throw refuse('an event has other digests than one SHA-384')
  return { type, digest: reader.take(DIGEST), payload: reader.take(reader.uint(4)) }
}

const refuse = (why: string) => malformed('event_log_malformed', why)
