import { equalBytes } from '@dcml/protocol'

/** Where the report data of a TDX quote lies, by its version (Intel TDX DCAP Quoting Library API, appendix 3). */
const REPORT_DATA: Readonly<Record<number, number>> = { 4: 48 + 520, 5: 54 + 520 }

/** Whether a TDX quote of version 4 or 5 is over this report data. */
export function quotes(quote: Uint8Array, reportData: Uint8Array): boolean {
  const at = REPORT_DATA[quote[0] ?? 0]
  return at !== undefined && equalBytes(quote.subarray(at, at + reportData.length), reportData)
}
