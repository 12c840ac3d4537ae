// Which workload is this, and which model? A TDX quote names the image manifest in two places: MRCONFIGID, which the host
// sets before the start, and RTMR3, which the measured boot code extends. Both have to agree with the claims. An SEV-SNP
// report has no run-time register: HOST_DATA alone names the manifest. Whether that image is accepted is judged with the
// quote or report.
import { equalBytes, toHex } from '@dcml/protocol'
import type { Check } from '../check.ts'
import { type DstackEvent, readDstackLog } from '../logs/dstack.ts'
import { dstackIdentity, isDstackLog } from '../logs/dstack-identity.ts'
import type { Policy } from '../policy/policy.ts'
import type { SnpReport } from '../snp/report.ts'
import { mrConfigId } from '../tdx/config-id.ts'
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

export const configIdCheck = (report: TdReport, claims: Claims): Check =>
  same('mr_config_id', 'MRCONFIGID', report.mrConfigId, mrConfigId(claims.imageH))

export const hostDataCheck = ({ hostData }: SnpReport, claims: Claims): Check =>
  same('host_data', 'HOST_DATA', hostData, claims.imageH)

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
