const OUT_OF_DATE = 4
const NEEDS_CONFIGURATION = 2
const NEEDS_HARDENING = 1

/** What each status of Intel PCS v4 says; `Revoked` outweighs everything. */
const faults = {
  UpToDate: 0,
  SWHardeningNeeded: NEEDS_HARDENING,
  ConfigurationNeeded: NEEDS_CONFIGURATION,
  ConfigurationAndSWHardeningNeeded: NEEDS_CONFIGURATION | NEEDS_HARDENING,
  OutOfDate: OUT_OF_DATE,
  OutOfDateConfigurationNeeded: OUT_OF_DATE | NEEDS_CONFIGURATION,
  Revoked: 8,
} as const

/** How Intel rates the firmware and microcode of a platform (Intel PCS v4, `tcbStatus`). */
export type TcbStatus = keyof typeof faults

/** From best to worst. */
export const TCB_STATUSES = Object.keys(faults) as TcbStatus[]

/**
 * One status for a platform and a part of it (the TDX module, the quoting enclave): the faults of both. An outdated
 * part of a platform that needs configuration is both (Intel DCAP, `convergeTcbStatus`).
 */
export function mergeTcbStatus(a: TcbStatus, b: TcbStatus): TcbStatus {
  if (a === 'Revoked' || b === 'Revoked') return 'Revoked'
  const merged = faults[a] | faults[b]
  // An outdated TCB says nothing about hardening: there is no status for both.
  const named = merged & OUT_OF_DATE ? merged & ~NEEDS_HARDENING : merged
  return TCB_STATUSES.find((status) => faults[status] === named)!
}
