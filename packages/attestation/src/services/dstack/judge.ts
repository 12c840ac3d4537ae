import { concatBytes, equalBytes, toHex, utf8 } from '@dcml/protocol'
import { sha512 } from '@noble/hashes/sha2.js'
import { Checklist } from '../../checklist.ts'
import { printable, short } from '../../evidence/fields.ts'
import { Refusal } from '../../x509/der.ts'
import { readKeyBox, spkiH } from '../certificate.ts'
import { NO_CONNECTION, requireTlsKey, serverSpkiH } from '../connection.ts'
import { conclude, type Judgement, type JudgeOptions } from '../judgement.ts'
import { gpuLimits, keyBinding, unboundSession, unknownImages } from '../limits.ts'
import { judgeTdx } from '../tdx.ts'
import { COMPOSE_CHECKS, judgeCompose, unpinnedImages } from './compose.ts'
import type { DstackEvidence } from './evidence.ts'

/** Every check of a dstack machine beyond those of its TEE. */
export const DSTACK_CHECKS = {
  service_report_data: 'The quote names the key of the certificate, or what the guest agent says that it asked for.',
  service_nonce: 'The quote carries the nonce that was sent.',
  service_tls_key: 'The TLS key of the connection is the one that the quote names.',
  ...COMPOSE_CHECKS,
} as const

/** Judges an RA-TLS certificate or an answer of the guest agent. */
export async function judgeDstack(evidence: DstackEvidence, options: JudgeOptions): Promise<Judgement> {
  const { certificate, statedReportData } = evidence
  const cpu = await judgeTdx(evidence.quote, options)
  const list = new Checklist(DSTACK_CHECKS)
  const spki = certificate && readKeyBox(certificate).spki
  const bound = await list.run('service_report_data', [cpu.reportData], (reportData) => {
    if (spki) requireRaTls(reportData, spki)
    else if (statedReportData && !equalBytes(reportData, statedReportData))
      throw new Refusal(`the quote carries ${short(reportData)}, not ${short(statedReportData)}`)
    return { names: spki ?? statedReportData }
  })
  if (bound && !bound.names) list.skip('service_report_data', 'Nothing came along that it could name.')
  list.skip('service_nonce', 'dstack leaves to the app what it has quoted; a certificate carries no nonce.')
  if (serverSpkiH(options.connection) === undefined) list.skip('service_tls_key', NO_CONNECTION)
  else await list.run('service_tls_key', [bound], () => requireTlsKey(spki && spkiH(spki), options.connection))
  const composeH = await judgeCompose(list, cpu.td, { log: evidence.log, text: evidence.composeText })
  const judged = list.finish()
  const part = {
    name: printable(evidence.appName ?? 'machine'),
    checks: [...cpu.checks, ...judged.checks],
    ok: cpu.ok && judged.ok,
    environment: cpu.environment,
    facts: {
      ...cpu.facts,
      ...(spki && { tlsSpki: toHex(spkiH(spki)) }),
      ...(composeH && { composeH: toHex(composeH) }),
    },
    warnings: cpu.warnings ?? [],
    needs: cpu.needs,
  }
  return conclude('dstack', [part], {
    warnings: certificate ? keyBinding(options) : [],
    notProven: limits(evidence, options),
  })
}

/** dstack has the TEE sign SHA-512 of a tag and what it is about: here the certificate's key. */
function requireRaTls(reportData: Uint8Array, spki: Uint8Array): void {
  const expected = sha512(concatBytes(utf8('ratls-cert:'), spki))
  if (!equalBytes(reportData, expected))
    throw new Refusal(
      `report data is ${short(reportData)}, which does not name the certificate's key (${short(expected)})`,
    )
}

const limits = ({ composeText, certificate }: DstackEvidence, options: JudgeOptions): string[] => {
  const unpinned = unpinnedImages(composeText ?? '')
  return [
    'Which model answers: dstack measures containers, not weights.',
    ...(composeText === undefined ? ['Which containers run: only a hash of the app-compose text came along.'] : []),
    ...(unpinned.length > 0 ? [`What these images contain, named without a digest: ${unpinned.join(', ')}.`] : []),
    ...(certificate
      ? []
      : [
          'What was quoted: an app may have any 64 bytes signed ("raw"), so their form says nothing about who chose them.',
        ]),
    'When: the quote of a certificate is made once, when the key is.',
    ...unknownImages(options),
    ...gpuLimits(false, ''),
    unboundSession(options),
  ]
}
