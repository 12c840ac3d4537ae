import { fromHex, toHex } from '@dcml/protocol'
import { type ImageMeasurements, type Policy, waivedRegisters } from '../policy/policy.ts'
import { Refusal } from '../x509/der.ts'
import type { NamesImage } from './config-id.ts'
import type { Platform } from './pck.ts'
import type { TdReport } from './quote.ts'
import type { MergedTcb } from './tcb.ts'

const DAY = 86_400_000

/**
 * Grace is for what is out of date and nothing worse; a TD that has to be launched anew is that.
 * @param now Unix ms
 */
export function requireStatus({ status, outOfDateSince }: MergedTcb, policy: Policy['tcb'], now: number): void {
  if (policy.accept.some((accepted) => accepted === status)) return
  const outdated = status === 'OutOfDate' || status === 'TDRelaunchAdvised'
  if (outdated && now <= outOfDateSince + policy.graceDays * DAY) return
  throw new Refusal(`TCB status is ${status}; the policy accepts ${policy.accept.join(', ') || 'none'}`)
}

/** Intel lists advisories with an UpToDate status too, for information: those need no permission. */
export function requireAdvisories({ status, advisories }: MergedTcb, policy: Policy['tcb']): void {
  const refused = advisories.filter(
    (id) => policy.deniedAdvisories.includes(id) || (status !== 'UpToDate' && !policy.allowedAdvisories.includes(id)),
  )
  if (refused.length > 0) throw new Refusal(`the policy does not allow ${refused.join(', ')}`)
}

export function requireEvaluation(number: number, { minEvaluationNumber }: Policy['tcb']): void {
  if (number < minEvaluationNumber)
    throw new Refusal(`evaluation set ${number} is older than ${minEvaluationNumber}, the oldest accepted`)
}

export function requireImageH({ mrConfigId }: TdReport, accepted: readonly string[], names: NamesImage): void {
  if (!accepted.some((imageH) => names(mrConfigId, fromHex(imageH))))
    throw new Refusal(`MRCONFIGID ${toHex(mrConfigId)} names no accepted image manifest`)
}

/** @returns the accepted image that this TD booted, where several match the one that waives least */
export function requireBootImage(
  { mrtd, rtmr }: TdReport,
  images: readonly ImageMeasurements[],
): { label: string; waived: readonly string[] } {
  const equal = (expected: string, actual: Uint8Array) => expected === 'any' || expected === toHex(actual)
  const [image] = images
    .filter(
      (candidate) =>
        equal(candidate.mrtd, mrtd) &&
        equal(candidate.rtmr0 ?? 'any', rtmr[0]!) &&
        equal(candidate.rtmr1, rtmr[1]!) &&
        equal(candidate.rtmr2, rtmr[2]!),
    )
    .map((candidate) => ({ label: candidate.label, waived: waivedRegisters(candidate) }))
    .sort((a, b) => a.waived.length - b.waived.length)
  if (!image) throw new Refusal(`MRTD ${toHex(mrtd)} with its RTMRs is no accepted boot image`)
  return image
}

/** A service TD may have read and written all of the TD's memory. */
export function requireNoServiceTd(mrServiceTd: Uint8Array): void {
  if (mrServiceTd.some((byte) => byte !== 0)) throw new Refusal(`service TD ${toHex(mrServiceTd)} is bound`)
}

export function requireMrSeam({ mrSeam }: TdReport, accepted: readonly string[]): void {
  if (!accepted.includes(toHex(mrSeam))) throw new Refusal(`MRSEAM ${toHex(mrSeam)} is not on the list`)
}

export function requirePlatform({ ppid, platformInstanceId }: Platform, accepted: readonly string[]): void {
  const ids = [ppid, platformInstanceId].filter((id) => id !== undefined).map(toHex)
  if (!ids.some((id) => accepted.includes(id))) throw new Refusal('the platform is not on the list')
}
