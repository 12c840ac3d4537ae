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

/** How Intel rates one TCB level (Intel PCS v4, `tcbStatus`). */
export type LevelStatus = keyof typeof faults

/** From best to worst. */
export const LEVEL_STATUSES = Object.keys(faults) as LevelStatus[]

/**
 * How a platform stands as a whole. `TDRelaunchAdvised` is an OutOfDate whose only remedy left is to start the TD anew:
 * the TDX module was updated after it had started.
 */
export type TcbStatus = LevelStatus | 'TDRelaunchAdvised' | 'TDRelaunchAdvisedConfigurationNeeded'

/** From best to worst. */
export const TCB_STATUSES: readonly TcbStatus[] = [
  ...LEVEL_STATUSES.slice(0, LEVEL_STATUSES.indexOf('OutOfDate')),
  'TDRelaunchAdvised',
  'TDRelaunchAdvisedConfigurationNeeded',
  ...LEVEL_STATUSES.slice(LEVEL_STATUSES.indexOf('OutOfDate')),
]

/**
 * One status for a platform and a part of it (the TDX module, the quoting enclave): the faults of both. An outdated
 * part of a platform that needs configuration is both (Intel DCAP, `convergeTcbStatus`).
 */
export function mergeTcbStatus(a: LevelStatus, b: LevelStatus): LevelStatus {
  if (a === 'Revoked' || b === 'Revoked') return 'Revoked'
  const merged = faults[a] | faults[b]
  // An outdated TCB says nothing about hardening: there is no status for both.
  const named = merged & OUT_OF_DATE ? merged & ~NEEDS_HARDENING : merged
  return LEVEL_STATUSES.find((status) => faults[status] === named)!
}

/** The status of a TD that would not be out of date had it been launched under the present TDX module. */
export const adviseRelaunch = (status: LevelStatus): TcbStatus =>
  faults[status] & NEEDS_CONFIGURATION ? 'TDRelaunchAdvisedConfigurationNeeded' : 'TDRelaunchAdvised'
