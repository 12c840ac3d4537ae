// Which workload is this, and which model? A TDX quote names the image manifest in two places: MRCONFIGID, which the host
// sets before the start, and RTMR3, which the measured boot code extends. Both have to agree with the claims. An SEV-SNP
// report has no run-time register: HOST_DATA alone names the manifest. Whether that image is accepted is judged with the
// quote or report.
import { equalBytes, toHex } from '@dcml/protocol'
import type { Check } from '../check.ts'
import { type DstackEvent, readDstackLog } from '../logs/dstack.ts'
import { namesCompose } from '../logs/dstack-config-id.ts'
import { type DstackIdentity, dstackIdentity, isDstackLog } from '../logs/dstack-identity.ts'
import type { Policy } from '../policy/policy.ts'
import type { SnpReport } from '../snp/report.ts'
import { mrConfigId, type NamesImage, namesImage } from '../tdx/config-id.ts'
import type { TdReport } from '../tdx/quote.ts'
import type { TdxEvidence } from '../tee.ts'
import type { Claims } from './claims.ts'
import { identityFault, type LogEvent, parseEventLog, replayEventLog } from './event-log.ts'
import type { Evidence } from './evidence.ts'
import { short } from './fields.ts'
import { imageH } from './manifest.ts'
import { fail, pass, same, skipped } from './outcome.ts'
import { parseWorkloadManifest, type WorkloadManifest } from './workload.ts'

/** Whether the manifest that came along can be read and is the one the claims name. */
export function manifestCheck(evidence: Evidence, claims: Claims): { check: Check; manifest?: WorkloadManifest } {
  const check = same('manifest', 'SHA-256 of the image manifest', imageH(evidence.manifest), claims.imageH)
  if (check.status === 'fail') return { check }
  try {
    return { check, manifest: parseWorkloadManifest(evidence.manifest) }
  } catch (error) {
    return { check: fail('manifest', (error as Error).message) }
  }
}

/** How this TD's MRCONFIGID may name a manifest: by holding its hash, or over it and more that dstack's log tells. */
export function imageNaming({ eventLog }: TdxEvidence): NamesImage {
  let started: DstackIdentity | undefined
  return (configId, imageH) => {
    if (configId[0] !== 2 && configId[0] !== 3) return namesImage(configId, imageH)
    if (eventLog === undefined) return false
    started ??= dstackIdentity(readDstackLog(eventLog))
    return namesCompose(configId, imageH, started)
  }
}

export function configIdCheck(
  { mrConfigId: found }: TdReport,
  { imageH }: Claims,
  kind: WorkloadManifest['kind'] | undefined,
  names: NamesImage,
): Check {
  const name = 'mr_config_id'
  if (kind !== 'dstack' || found[0] === 1) return same(name, 'MRCONFIGID', found, mrConfigId(imageH))
  if (found.every((byte) => byte === 0)) return fail(name, 'the host set no MRCONFIGID')
  try {
    return names(found, imageH)
      ? pass(name, `MRCONFIGID (form ${found[0]}) is over ${short(imageH)} and what the log says was started`)
      : fail(name, `MRCONFIGID (form ${found[0]}) is not over ${short(imageH)} and what the log says was started`)
  } catch (error) {
    return fail(name, (error as Error).message)
  }
}

export function hostDataCheck(
  { hostData }: SnpReport,
  claims: Claims,
  kind: WorkloadManifest['kind'] | undefined,
): Check {
  const check = same('host_data', 'HOST_DATA', hostData, claims.imageH)
  return check.status === 'fail' && kind === 'dstack'
    ? fail('host_data', `${check.why}: dstack hashes a document there that evidence does not carry`)
    : check
}

/**
 * Whether the event log leads to the quoted registers and shows the image measured once, before the workload ran, by the
 * boot code that a manifest of this kind is for.
 */
export function eventLogCheck(
  { eventLog }: TdxEvidence,
  report: TdReport,
  claims: Claims,
  kind: WorkloadManifest['kind'] | undefined,
): Check {
  const name = 'event_log'
  if (eventLog === undefined) return fail(name, 'there is no event log')
  try {
    const log = kind === 'dstack' ? readDstackLog(eventLog) : parseEventLog(eventLog)
    const registers = replayEventLog(log)
    // firmware's registers are compared with the policy's images; a log may leave those events out
    const wrong = registers.findIndex(
      (register, imr) =>
        (imr === 3 || log.some((event) => event.imr === imr)) && !equalBytes(register, report.rtmr[imr]!),
    )
    if (wrong !== -1) return fail(name, `the log does not lead to the quoted RTMR${wrong}`)
    const fault = kind === 'dstack' ? dstackFault(log as DstackEvent[], claims) : ownFault(log, claims)
    return fault === undefined ? pass(name, 'RTMR3 shows the image measured once, before ready') : fail(name, fault)
  } catch (error) {
    return fail(name, (error as Error).message)
  }
}

// an app of dstack's may measure events of any name: those of ours say nothing there
const ownFault = (log: readonly LogEvent[], { imageH }: Claims): string | undefined =>
  isDstackLog(log) ? "this is dstack's log, but the manifest is not of dstack" : identityFault(log, imageH)

const dstackFault = (log: readonly DstackEvent[], { imageH }: Claims): string | undefined =>
  equalBytes(dstackIdentity(log).composeHash, imageH) ? undefined : 'compose-hash measured another app-compose text'

/** Whether the loaded model is one that the verifier wants and that the manifest lets the workload load. */
export function modelCheck(claims: Claims, policy: Policy, manifest: WorkloadManifest | undefined): Check {
  const name = 'model_h'
  const model = claims.modelH && toHex(claims.modelH)
  if (model !== undefined && Array.isArray(manifest?.models) && !manifest.models.includes(model))
    return fail(name, 'the image manifest does not let this model be loaded')
  if (policy.modelH === undefined)
    return skipped(name, model === undefined ? 'no model is loaded' : 'the policy accepts any model')
  if (model === undefined) return fail(name, 'no model is loaded')
  if (!policy.modelH.includes(model)) return fail(name, `${short(claims.modelH!)} is not accepted`)
  return pass(name, `${short(claims.modelH!)} is accepted`)
}
