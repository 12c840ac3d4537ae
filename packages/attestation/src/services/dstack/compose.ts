// dstack names an app by SHA-256 of its app-compose text, in RTMR3 and, where the host set it, in MRCONFIGID. Over the
// exact bytes: verifiers that parse the text and write it anew have been wrong both ways (dstack issues 411 and 550).
import { equalBytes, toHex, utf8 } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import * as v from 'valibot'
import type { Checklist } from '../../checklist.ts'
import { replayEventLog } from '../../evidence/event-log.ts'
import { printable } from '../../evidence/fields.ts'
import { MAX_DSTACK_LOG_BYTES, readDstackLog } from '../../logs/dstack.ts'
import { namesCompose } from '../../logs/dstack-config-id.ts'
import { dstackIdentity } from '../../logs/dstack-identity.ts'
import { namesImage } from '../../tdx/config-id.ts'
import type { TdReport } from '../../tdx/quote.ts'
import { Refusal } from '../../x509/der.ts'
import { sortedJson } from '../json-text.ts'

/** Which app a dstack machine was started with. */
export const COMPOSE_CHECKS = {
  service_event_log: "The log leads to the quoted RTMR3, with the digest of each of dstack's events recomputed.",
  service_boot_log: 'The log of firmware, kernel and command line leads to the quoted RTMR0 to RTMR2.',
  service_compose_event: "dstack's events name one app, measured once and in order before it was started.",
  service_config_id: 'MRCONFIGID names the same compose hash, in any of its forms.',
  service_compose_hash: 'The compose hash is SHA-256 of the exact app-compose text.',
} as const

type ComposeChecks = Pick<Checklist<keyof typeof COMPOSE_CHECKS>, 'run' | 'skip'>

/** A log as services send it: an array, or its JSON text. It is read when it is judged. */
export const eventLog = v.pipe(
  v.union([
    v.pipe(v.string(), v.maxLength(MAX_DSTACK_LOG_BYTES)),
    v.pipe(
      v.array(v.unknown()),
      v.rawTransform<unknown[], string>(({ dataset, addIssue, NEVER }) => {
        try {
          return JSON.stringify(dataset.value)
        } catch {
          addIssue({ message: 'nested too deep' })
          return NEVER
        }
      }),
    ),
  ]),
)

/** Judges what the machine says it was started with. @returns the measured compose hash */
export async function judgeCompose(
  list: ComposeChecks,
  td: TdReport | undefined,
  { log, text }: { log: string | undefined; text: string | undefined },
): Promise<Uint8Array | undefined> {
  const events = await list.run('service_event_log', [td], ({ rtmr }) => {
    if (log === undefined) throw new Refusal('there is no event log')
    const entries = readDstackLog(log)
    if (!equalBytes(replayEventLog(entries)[3]!, rtmr[3]))
      throw new Refusal('the log does not lead to the quoted RTMR3')
    return entries
  })
  // logs in certificates are made smaller
  if (events && ![0, 1, 2].every((register) => events.some(({ imr }) => imr === register)))
    list.skip('service_boot_log', 'The log leaves out what firmware measured.')
  else
    await list.run('service_boot_log', [td, events], ({ rtmr }, entries) => {
      const registers = replayEventLog(entries)
      const wrong = [0, 1, 2].find((imr) => !equalBytes(registers[imr]!, rtmr[imr]!))
      if (wrong !== undefined) throw new Refusal(`the log does not lead to the quoted RTMR${wrong}`)
    })
  const started = await list.run('service_compose_event', [events], dstackIdentity)
  const composeH = started?.composeHash
  if (td?.mrConfigId.every((byte) => byte === 0)) list.skip('service_config_id', 'The host set none.')
  else
    await list.run('service_config_id', [td, started], ({ mrConfigId }, identity) => {
      const { composeHash } = identity
      if (!namesImage(mrConfigId, composeHash) && !namesCompose(mrConfigId, composeHash, identity))
        throw new Refusal(`MRCONFIGID is ${toHex(mrConfigId)}, ${toHex(composeHash)} was measured`)
    })
  if (text === undefined) list.skip('service_compose_hash', 'The app-compose text did not come along.')
  else await list.run('service_compose_hash', [composeH], (measured) => requireCompose(text, measured))
  return composeH
}

function requireCompose(text: string, measured: Uint8Array): void {
  const exact = sha256(utf8(text))
  if (equalBytes(exact, measured)) return
  const canonical = canonicalH(text)
  if (canonical && equalBytes(canonical, measured))
    throw new Refusal('what was measured is the canonical form of the text, not the bytes that were sent')
  throw new Refusal(`the text has SHA-256 ${toHex(exact)}, ${toHex(measured)} was measured`)
}

function canonicalH(text: string): Uint8Array | undefined {
  try {
    return sha256(utf8(sortedJson(JSON.parse(text))))
  } catch {
    return undefined // not JSON, or nested too deep
  }
}

/** Images that the compose file names by tag alone: what they contain may change under the same compose hash. */
export function unpinnedImages(text: string): string[] {
  try {
    const { docker_compose_file: compose } = JSON.parse(text) as { docker_compose_file?: unknown }
    if (typeof compose !== 'string') return []
    const images = [...compose.matchAll(/^\s*image:\s*["']?([^\s"'#]+)/gm)].map(([, image]) => printable(image!))
    return [...new Set(images)].filter((image) => !image.includes('@sha256:'))
  } catch {
    return []
  }
}
