import { formatEventLog, parseEventLog, readCcel } from '@dcml/attestation'
import { DcmlError } from '@dcml/protocol'
import type { ReportFs } from '../tsm-report.ts'

/** Where Linux shows what TDX firmware and boot loader measured (ACPI table CCEL, TCG2 binary form). */
export const CCEL = '/sys/firmware/acpi/tables/data/CCEL'

/** Register that the boot code of the image extends; firmware's log ends before it. */
const OWN_REGISTER = 3

/**
 * The log that goes with a quote: the boot code's file, with firmware's events before it where those are wanted. Of them
 * the digests count alone, so what they say of themselves is left out.
 * @throws DcmlError `tee_event_log_missing`, `event_log_malformed`
 */
export async function readEventLog(fs: ReportFs, file: string, ccel: string | undefined): Promise<Uint8Array> {
  const own = Uint8Array.from(await fs.readFile(file).catch(missing(file)))
  if (ccel === undefined) return own
  const firmware = readCcel(Uint8Array.from(await fs.readFile(ccel).catch(missing(ccel))))
  return formatEventLog([
    ...firmware.map(({ imr, digest }) => ({ imr, event: '', digest, payload: new Uint8Array() })),
    ...parseEventLog(own).filter(({ imr }) => imr === OWN_REGISTER),
  ])
}

const missing =
  (path: string) =>
  (cause: unknown): never => {
    throw new DcmlError('tee_event_log_missing', `The event log ${path} cannot be read.`, {
      hint: 'The boot code of the image writes one, Linux shows that of the firmware; name the right file.',
      cause,
    })
  }
