import { equalBytes, toHex } from '@dcml/protocol'
import { Refusal } from '../x509/der.ts'
import type { EnclaveLevel, TcbInfo, TcbLevel, TcbRating } from './collateral.ts'
import type { Platform } from './pck.ts'
import type { TdReport } from './quote.ts'
import { requireMasked } from './quoting-enclave.ts'
import { adviseRelaunch, mergeTcbStatus, type TcbStatus } from './tcb-status.ts'

/**
 * The first TCB level that the platform reaches in every SVN (Intel PCS v4, "Get TDX TCB Info"). Where the TDX module
 * has a major version, its own two SVNs are rated by {@link findModule} instead.
 */
export function findTcbLevel({ tcbLevels }: TcbInfo, platform: Platform, { teeTcbSvn }: TdReport): TcbLevel {
  const first = teeTcbSvn[1] === 0 ? 0 : 2
  const level = tcbLevels.find(
    (candidate) =>
      reachesProcessor(platform, candidate) &&
      candidate.tcb.tdxtcbcomponents.every(({ svn }, i) => i < first || teeTcbSvn[i]! >= svn),
  )
  if (!level) throw new Refusal('the platform is below every TCB level')
  return level
}

/** Whether the processor and the PCE reach a level, whatever the TDX module. */
export const reachesProcessor = ({ cpuSvn, pceSvn }: Platform, { tcb }: TcbLevel): boolean =>
  tcb.sgxtcbcomponents.every(({ svn }, i) => cpuSvn[i]! >= svn) && pceSvn >= tcb.pcesvn

/** The TDX module that Intel's TCB info describes; it has ratings of its own only where it has a major version. */
export interface Module {
  readonly tcbLevels: readonly EnclaveLevel[] | undefined
}

/** Finds the TDX module's description by its major version, and compares signer and attributes. */
export function findModule(tcbInfo: TcbInfo, { teeTcbSvn, mrSignerSeam, seamAttributes }: TdReport): Module {
  const identity = findModuleIdentity(tcbInfo, teeTcbSvn)
  const expected = identity ?? tcbInfo.tdxModule
  if (!equalBytes(mrSignerSeam, expected.mrsigner))
    throw new Refusal('MRSIGNERSEAM is not the TDX module signer of TCB info')
  requireMasked('SEAM attributes', seamAttributes, expected.attributes, expected.attributesMask)
  return { tcbLevels: identity?.tcbLevels }
}

/** The description of the TDX module that these TEE TCB SVNs name; major version 0 has none of its own. */
export function findModuleIdentity(
  { tdxModuleIdentities }: TcbInfo,
  svns: Uint8Array,
): TcbInfo['tdxModuleIdentities'][number] | undefined {
  const major = svns[1]!
  if (major === 0) return undefined
  const id = `TDX_${toHex(Uint8Array.of(major)).toUpperCase()}`
  const identity = tdxModuleIdentities.find((candidate) => candidate.id === id)
  if (!identity) throw new Refusal(`TCB info does not know TDX module ${id}`)
  return identity
}

/** The first level that an enclave or module of this SVN reaches. */
export function findEnclaveLevel(levels: readonly EnclaveLevel[], svn: number): EnclaveLevel {
  const level = levels.find(({ tcb }) => svn >= tcb.isvsvn)
  if (!level) throw new Refusal(`SVN ${svn} is below every TCB level`)
  return level
}

/** The ratings of platform, quoting enclave and TDX module, as one. */
export interface MergedTcb {
  readonly status: TcbStatus
  readonly advisories: readonly string[]
  /** The oldest date of the levels that are out of date, Unix ms. */
  readonly outOfDateSince: number
}

/** @param relaunchAdvised whether {@link isRelaunchAdvised} */
export function mergeRatings(ratings: readonly TcbRating[], relaunchAdvised = false): MergedTcb {
  const outdated = ratings.filter(({ tcbStatus }) => tcbStatus.startsWith('OutOfDate'))
  const status = ratings.map(({ tcbStatus }) => tcbStatus).reduce(mergeTcbStatus)
  return {
    status: relaunchAdvised ? adviseRelaunch(status) : status,
    advisories: [...new Set(ratings.flatMap(({ advisoryIDs }) => advisoryIDs))].sort(),
    outOfDateSince: Math.min(...outdated.map(({ tcbDate }) => tcbDate)),
  }
}
