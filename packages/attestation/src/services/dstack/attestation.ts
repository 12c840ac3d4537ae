// dstack's own encoding of evidence, `VersionedAttestation` 0 (Dstack-TEE/dstack, dstack-attest/src/attestation.rs): SCALE,
// whose integers are little endian and whose lengths are compact. Certificates of its version 0.5.4 and later carry it.
import { toHex } from '@dcml/protocol'
import { Cursor } from '../../cursor.ts'
import { Refusal } from '../../x509/der.ts'

const MAX_EVENTS = 1024

/** Quote and event log of a TDX machine, in the form of answers to `GetQuote`. */
export interface Attestation {
  readonly quote: Uint8Array
  readonly log: string
  readonly statedReportData: Uint8Array
}

/** Reads evidence of TDX. Throws `Refusal`. */
export function readAttestation(bytes: Uint8Array): Attestation {
  const reader = new Scale(bytes)
  if (reader.uint(1) !== 0) throw new Refusal('its version is not 0')
  if (reader.uint(1) !== 0) throw new Refusal('it is not of a TDX machine')
  const quote = reader.bytes()
  const events = Array.from({ length: reader.count() }, () => ({
    imr: reader.uint(4),
    event_type: reader.uint(4),
    digest: toHex(reader.bytes()),
    event: reader.text(),
    event_payload: toHex(reader.bytes()),
  }))
  // run-time events again, for platforms without registers of their own
  for (let left = reader.count(); left > 0; left--) {
    reader.text()
    reader.bytes()
  }
  const statedReportData = reader.take(64)
  reader.text()
  if (!reader.done) throw new Refusal('bytes follow its end')
  return { quote, log: JSON.stringify(events), statedReportData }
}

/** Reads SCALE from the front, never beyond the end. */
class Scale extends Cursor {
  bytes(): Uint8Array {
    return this.take(this.#compact())
  }

  text(): string {
    return new TextDecoder().decode(this.bytes())
  }

  /** The number of items of a list. */
  count(): number {
    const count = this.#compact()
    if (count > MAX_EVENTS) throw new Refusal(`it has more than ${MAX_EVENTS} events`)
    return count
  }

  /** The low two bits say how many bytes hold the number. */
  #compact(): number {
    const first = this.uint(1)
    const more = [0, 1, 3][first & 3]
    if (more === undefined) throw new Refusal('a length is too large')
    return this.take(more).reduce((value, byte, i) => value + byte * 2 ** (8 * i + 6), first >> 2)
  }
}
