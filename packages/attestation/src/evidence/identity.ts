// Which workload is this, and which model? The quote names the image manifest in two places: MRCONFIGID, which the host
// sets before the start, and RTMR3, which the measured boot code extends. Both have to agree with the claims. Whether that
// image is accepted is judged with the quote.
import { equalBytes, toHex } from '@dcml/protocol'
import type { Check } from '../check.ts'
import type { Policy } from '../policy/policy.ts'
import { mrConfigId } from '../tdx/config-id.ts'
import type { TdReport } from '../tdx/quote.ts'
import type { TdxEvidence } from '../tee.ts'
import type { Claims } from './claims.ts'
import { identityFault, parseEventLog, replayEventLog } from './event-log.ts'
import type { Evidence } from './evidence.ts'
import { short } from './fields.ts'
import { type ImageManifest, imageH, parseImageManifest } from './manifest.ts'
import { fail, pass, same, skipped } from './outcome.ts'

/** Whether the manifest that came along can be read and is the one the claims name. */
export function manifestCheck(evidence: Evidence, claims: Claims): { check: Check; manifest?: ImageManifest } {
  const check = same('manifest', 'SHA-256 of the image manifest', imageH(evidence.manifest), claims.imageH)
  if (check.status === 'fail') return { check }
  try {
    return { check, manifest: parseImageManifest(evidence.manifest) }
  } catch (error) {
    return { check: fail('manifest', (error as Error).message) }
  }
}

export const configIdCheck = (report: TdReport, claims: Claims): Check =>
  same('mr_config_id', 'MRCONFIGID', report.mrConfigId, mrConfigId(claims.imageH))

/** Whether the event log leads to the quoted registers and shows the image measured once, before the workload ran. */
export function eventLogCheck({ eventLog }: TdxEvidence, report: TdReport, claims: Claims): Check {
  const name = 'event_log'
  if (eventLog === undefined) return fail(name, 'there is no event log')
  try {
    const log = parseEventLog(eventLog)
    const registers = replayEventLog(log)
    // firmware's registers are compared with the policy's images; a log may leave those events out
    const wrong = registers.findIndex(
      (register, imr) =>
        (imr === 3 || log.some((event) => event.imr === imr)) && !equalBytes(register, report.rtmr[imr]!),
    )
    if (wrong !== -1) return fail(name, `the log does not lead to the quoted RTMR${wrong}`)
    const fault = identityFault(log, claims.imageH)
    return fault === undefined ? pass(name, 'RTMR3 shows the image measured once, before ready') : fail(name, fault)
  } catch (error) {
    return fail(name, (error as Error).message)
  }
}

/** Whether the loaded model is one that the verifier wants and that the manifest lets the workload load. */
export function modelCheck(claims: Claims, policy: Policy, manifest: ImageManifest | undefined): Check {
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
