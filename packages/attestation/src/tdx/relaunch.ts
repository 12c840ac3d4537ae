// A TDX module can be updated under running TDs, whose reports keep saying what they were launched under (TEE TCB SVN) and
// add what runs now (TEE TCB SVN 2). Intel's rule for telling such a TD from an outdated machine is `checkForRelaunch` of its
// quote verification library.
import type { EnclaveLevel, TcbInfo, TcbLevel, TcbRating } from './collateral.ts'
import type { Platform } from './pck.ts'
import type { TdReport } from './quote.ts'
import { findEnclaveLevel, findModuleIdentity, type Module, reachesProcessor } from './tcb.ts'

/** What rates a platform: its level, its quoting enclave, and a TDX module that has ratings of its own. */
export interface Ratings {
  readonly level: TcbLevel
  readonly qe: TcbRating
  readonly module: EnclaveLevel | undefined
}

/**
 * Rates the TDX module that the TD was launched under. Where that is out of date, TCB info has to know the present one
 * too: nobody could say whether a new launch would help.
 */
export function rateModule({ tcbLevels }: Module, tcbInfo: TcbInfo, report: TdReport): Pick<Ratings, 'module'> {
  if (!tcbLevels) return { module: undefined }
  const module = findEnclaveLevel(tcbLevels, report.teeTcbSvn[0]!)
  if (module.tcbStatus === 'OutOfDate' && report.teeTcbSvn2) findModuleIdentity(tcbInfo, report.teeTcbSvn2)
  return { module }
}

/** Whether the TDX module alone is out of date, and has been updated to the latest since the TD was launched. */
export function isRelaunchAdvised(
  { level, qe, module }: Ratings,
  tcbInfo: TcbInfo,
  platform: Platform,
  { teeTcbSvn2 }: TdReport,
): boolean {
  if (!teeTcbSvn2 || module?.tcbStatus !== 'OutOfDate') return false
  const processor = tcbInfo.tcbLevels.find((candidate) => reachesProcessor(platform, candidate))
  const good = [processor, qe].every((rating) => rating && !/^(OutOfDate|Revoked)/.test(rating.tcbStatus))
  if (!good || level.tcbStatus === 'Revoked') return false
  const latest = tcbInfo.tcbLevels[0]!.tcb.tdxtcbcomponents
  const identity = findModuleIdentity(tcbInfo, teeTcbSvn2)
  const newest = identity ? identity.tcbLevels[0]?.tcb.isvsvn : latest[0]!.svn
  return newest !== undefined && teeTcbSvn2[0]! >= newest && teeTcbSvn2[2]! >= latest[2]!.svn
}
