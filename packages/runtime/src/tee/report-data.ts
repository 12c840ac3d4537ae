import { DcmlError } from '@dcml/protocol'

/** @throws DcmlError `tee_report_data` */
export function requireReportData({ length }: Uint8Array): void {
  if (length !== 64)
    throw new DcmlError('tee_report_data', `Report data has ${length} bytes, not 64.`, { hint: 'Pass 64 bytes.' })
}

/** The TEE, or what stands before it, signed something else. */
export const otherReportData = (): DcmlError =>
  new DcmlError('tee_answer_malformed', 'The report is over other report data than it was asked for.', {
    hint: 'Look at what stands between this process and the TEE.',
  })
