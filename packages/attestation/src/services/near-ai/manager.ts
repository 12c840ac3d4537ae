// The compose manager deploys further files to a machine that runs. It lists what it did and has the hash of that list quoted.
import { equalBytes, toHex, utf8 } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { Checklist } from '../../checklist.ts'
import { short } from '../../evidence/fields.ts'
import { readQuote, type TdReport } from '../../tdx/quote.ts'
import { Refusal } from '../../x509/der.ts'
import { NO_NONCE } from '../connection.ts'
import { sortedJson } from '../json-text.ts'
import type { JudgedPart, JudgeOptions } from '../judgement.ts'
import { judgeTdx } from '../tdx.ts'
import { NEAR_MANAGER_CHECKS } from './checks.ts'
import type { NearMachine } from './report.ts'

/** Judges the quote of a machine's compose manager, and what that names. */
export async function judgeManager(of: string, machine: NearMachine, options: JudgeOptions): Promise<JudgedPart> {
  const { actions, actions_hash, quote } = machine.compose_manager_attestation!
  const cpu = await judgeTdx(quote, options)
  const list = new Checklist(NEAR_MANAGER_CHECKS)
  await list.run('service_report_data', [cpu.reportData], (reportData) => {
    const actual = sha256(utf8(sortedJson(actions)))
    if (!equalBytes(actual, actions_hash)) throw new Refusal(`the list has SHA-256 ${short(actual)}`)
    if (!equalBytes(reportData.subarray(0, 32), actual)) throw new Refusal('the quote names another list')
  })
  await judgeNonce(list, cpu.reportData, machine.request_nonce, options)
  await list.run('service_same_machine', [cpu.td], (td) => requireSameTd(td, machine.intel_quote))
  const judged = list.finish()
  return {
    name: `compose manager of ${of}`,
    checks: [...cpu.checks, ...judged.checks],
    ok: cpu.ok && judged.ok,
    environment: cpu.environment,
    facts: { ...cpu.facts, actions: `${actions.length}`, actionsH: toHex(actions_hash) },
    warnings: cpu.warnings ?? [],
    needs: cpu.needs,
  }
}

/** Everything that was measured up to the start is equal; report data differs, being about something else. */
function requireSameTd(td: TdReport, quote: Uint8Array): void {
  const machine = readQuote(quote).report
  const measured = ({ mrtd, mrConfigId, mrOwner, mrOwnerConfig, rtmr }: TdReport) =>
    [mrtd, mrConfigId, mrOwner, mrOwnerConfig, ...rtmr].map(toHex).join()
  if (measured(td) !== measured(machine)) throw new Refusal('it was measured as another TD')
}

/** The second half of report data is the nonce of whoever asked. */
export async function judgeNonce(
  list: Pick<Checklist<'service_nonce'>, 'run' | 'skip'>,
  reportData: Uint8Array | undefined,
  named: Uint8Array | undefined,
  { connection }: JudgeOptions,
): Promise<void> {
  const sent = connection?.nonce
  const judged = await list.run('service_nonce', [reportData], (data) => {
    const found = data.subarray(32)
    const wanted = sent ?? named
    if (wanted && !equalBytes(found, wanted))
      throw new Refusal(`the quote carries ${short(found)}, not ${short(wanted)}`)
    return true
  })
  if (judged && sent === undefined) list.skip('service_nonce', NO_NONCE)
}
