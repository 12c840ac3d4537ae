import { existsSync } from 'node:fs'
import {
  development,
  explainTcb,
  parseEvidence,
  platform,
  type TcbExplanation,
  type TdxCollateral,
  type TdxEvidence,
  type TdxVerification,
  verifyTdxQuote,
} from '@dcml/attestation'
import { DcmlError, toHex } from '@dcml/protocol'
import { Command } from 'commander'
import { askEvidence } from '../ask-evidence.ts'
import { lines } from '../facts.ts'
import { addressOf, options, parseAddress, parseTime, readBytes, readJson } from '../options.ts'
import type { Output } from '../output.ts'
import { simulatorRoot, type TrustFlags } from '../trust.ts'

interface TcbFlags extends Pick<TrustFlags, 'development' | 'root'> {
  quote?: string
  collateral?: string
  now?: string
}

type Quoted = Pick<TdxEvidence, 'quote' | 'collateral'>

/** `dcml tcb-status …`: which firmware of this platform is short, and what raises it? */
export const tcbStatusCommand = (output: () => Output): Command =>
  new Command('tcb-status')
    .argument('[source]', 'a host (host:port), or a file of evidence')
    .option('--quote <file>', 'a quote, binary, in place of a source')
    .option('--collateral <file>', 'its collateral, flat JSON')
    .option('--now <time>', 'time to judge at, ISO 8601 with zone (default: now)')
    .addOption(options.root())
    .addOption(options.development())
    .addOption(options.json())
    .action(async (source: string | undefined, flags: TcbFlags, command: Command) => {
      const now = flags.now === undefined ? new Date() : parseTime(flags.now)
      const quoted = await read(source, flags, command)
      const explained = explainTcb({ ...quoted, now })
      const unverified = faults(await verify(quoted, flags, now))
      const ok = explained.status === 'UpToDate' && unverified.length === 0
      output().result(format(explained, unverified), {
        ok,
        verified: unverified.length === 0,
        unverified,
        ...explained,
        platform: idsOf(explained.platform),
      })
      if (!ok) process.exitCode = 1
    })

async function read(source: string | undefined, { quote, collateral }: TcbFlags, command: Command): Promise<Quoted> {
  if ((quote === undefined) !== (collateral === undefined) || (quote === undefined) === (source === undefined))
    return command.error('error: give a host, a file of evidence, or both --quote and --collateral')
  if (quote !== undefined) return { quote: readBytes(quote), collateral: readJson(collateral!) as TdxCollateral } // judged field by field
  const { cpu } = parseEvidence(existsSync(source!) ? inFile(source!) : await ask(source!))
  if (cpu.tee === 'tdx') return cpu
  throw new DcmlError('tcb_unreadable', 'The evidence is of SEV-SNP, for which AMD publishes no list of statuses.', {
    hint: 'Compare the TCB in the report with the `minTcb` of your policy: dcml attest show --json tells it.',
  })
}

const ask = (source: string) => askEvidence(parseAddress(addressOf(source, 'a file of evidence, or host:port')))

/** Evidence as it is, or inside the answer of a host, as `GET /dcml/v1/evidence` gives it. */
function inFile(path: string): unknown {
  const json = readJson(path) as { evidence?: unknown } | null
  return json?.evidence ?? json
}

const idsOf = ({ fmspc, ppid, platformInstanceId }: TcbExplanation['platform']): Record<string, string> => ({
  fmspc: toHex(fmspc),
  ppid: toHex(ppid),
  ...(platformInstanceId && { platformInstanceId: toHex(platformInstanceId) }),
})

async function verify(quoted: Quoted, { development: simulated, root }: TcbFlags, now: Date): Promise<TdxVerification> {
  const given = root?.map((path) => new TextDecoder().decode(readBytes(path)))
  const roots = given ?? (simulated ? [await simulatorRoot()] : undefined)
  return verifyTdxQuote({ ...quoted, now, policy: simulated ? development() : platform, ...(roots && { roots }) })
}

/** Checks that fail because of what is being explained, or of what the TD does with a good platform. */
const ABOUT_STATUS = /^(tcb_(level|status|advisories)|qe_tcb|tdx_module_tcb|td_\w+)$/

/** What stands against believing the explanation. */
const faults = ({ checks }: TdxVerification): string[] =>
  checks
    .filter(({ name, status }) => status === 'fail' && !ABOUT_STATUS.test(name))
    .map(({ name, why }) => `${name}: ${why}`)

function format(explained: TcbExplanation, unverified: readonly string[]): string {
  const { status, tcbDate, advisories, short, remaining, tcbInfo, qeIdentity } = explained
  const day = (date: Date) => date.toISOString().slice(0, 10)
  const statement = ({ issued, expires, evaluationNumber, old, untimely }: typeof tcbInfo) =>
    `of ${day(issued)}, until ${day(expires)}, evaluation ${evaluationNumber}${
      untimely ? '; NOT IN FORCE at this time' : old ? '; older than 7 days, fetch it anew' : ''
    }`
  const { fmspc, ppid, platformInstanceId } = idsOf(explained.platform)
  const facts = lines({
    'family (FMSPC)': fmspc,
    PPID: ppid,
    'platform instance': platformInstanceId,
    status: `${status}${tcbDate ? `, by a level of ${day(tcbDate)}` : ', below every level'}`,
    advisories: advisories.length > 0 ? advisories.join(' ') : 'none',
    'TCB info': statement(tcbInfo),
    'QE identity': statement(qeIdentity),
    ...(remaining.length > 0 && { 'not closed by updates': remaining.join(' ') }),
    ...(unverified.length > 0 && { 'NOT VERIFIED': unverified }),
  })
  const parts = short.map(({ what, have, needed, neededNext, closes, remedy }) =>
    lines({
      short: what,
      has: have,
      needs: neededNext === undefined || neededNext === needed ? needed : `${needed}, ${neededNext} for the next level`,
      closes: closes.length > 0 ? closes.join(' ') : 'no advisory by itself',
      do: remedy.text,
    }),
  )
  return [facts, ...parts].join('\n\n')
}
