import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type Policy, parsePolicy, type TdxCollateral } from '@dcml/attestation'
import {
  type Connection,
  type Judgement,
  type JudgeOptions,
  type Recognised,
  recognise,
  servicePolicy,
} from '@dcml/attestation/services'
import { DcmlError, fromHex } from '@dcml/protocol'
import { Command, Option } from 'commander'
import { addressOf, collect, named, options, parseTime, readBytes, readJson, withTrust } from '../options.ts'
import type { Output } from '../output.ts'
import { readPolicy, simulatorRoot, type TrustFlags } from '../trust.ts'
import { type AskOptions, ask, refused } from '../verify/ask.ts'
import { apiKeyFor, questionsFor, takesNonce } from '../verify/endpoints.ts'
import { judgeWithSources } from '../verify/gather.ts'
import { verifyHost } from '../verify/host.ts'
import { formatJudgement, judgementJson } from '../verify/show.ts'
import { isReceipts, verifyReceipts } from './receipt.ts'

interface VerifyFlags extends TrustFlags {
  now?: string
  nonce?: string
  model?: string
  apiKey?: string
  collateral?: string[]
  pccs?: string
  kds?: string
  rims?: string
  offline?: boolean
  report?: string
  request?: string
  response?: string
}

/** Exit code of each verdict. */
const CODES = { holds: 0, refused: 1, incomplete: 2 } as const

/** `dcml verify …`: evidence of anybody, from a file or from where it is served. */
export const verifyCommand = (output: () => Output): Command =>
  withTrust(new Command('verify'))
    .description('judge evidence of any service: a file, the address of a service, or host:port of a DCML host')
    .argument('<target>', 'file, https://…, or host:port')
    .addOption(options.modelH())
    .option('--now <time>', 'time to judge at, ISO 8601 with zone (default: now)')
    .option('--nonce <hex>', 'nonce that was asked with (default: a fresh one; none for a file)')
    .option('--model <name>', 'model to ask the service about')
    .addOption(
      named(
        '--api-key <key>',
        'bearer token, KEY or KEY@HOST (default host: cloud-api.near.ai); better in DCML_API_KEY than on the command line',
      ),
    )
    .addOption(new Option('--collateral <file>', "Intel's statements, flat JSON; repeatable").argParser(collect))
    .option('--pccs <url>', "service to fetch Intel's statements from (default: Intel's)")
    .option('--kds <url>', "service to fetch AMD's certificates from (default: AMD's)")
    .option('--rims <url>', "service to fetch NVIDIA's reference manifests from (default: NVIDIA's)")
    .option('--offline', 'fetch nothing: what is missing leaves the verdict incomplete')
    .option('--report <file>', 'for a signature: the report that attests its key')
    .option('--request <file>', 'for a signature: exact bytes of the request')
    .option('--response <file>', 'for a signature: exact bytes of the answer')
    .addOption(options.json())
    .addHelpText('after', '\nExit codes: 0 holds, 1 refused or failed, 2 incomplete (or the command line is wrong).')
    .action(async (target: string, flags: VerifyFlags) => {
      if (/^https:\/\//.test(target)) return tell(await judgeService(new URL(target), flags, output()), flags, output())
      if (!existsSync(target)) {
        const address = addressOf(target, 'a file, https://… of a service, or host:port of a DCML host')
        refuseNow(flags, 'a DCML host')
        return verifyHost(address, flags, output())
      }
      const bytes = readBytes(target)
      if (isReceipts(bytes)) {
        refuseNow(flags, 'receipts, which are judged at their own time,')
        return verifyReceipts(target, flags, output())
      }
      const recognised = known(bytes, target)
      const connection = flags.nonce === undefined ? {} : { connection: { nonce: readNonce(flags.nonce) } }
      const judged = { ...(await judgeOptions(flags)), ...connection }
      tell(await judgeAll(recognised, judged, flags, output()), flags, output())
    })

function refuseNow({ now }: VerifyFlags, what: string): void {
  if (now === undefined) return
  throw new DcmlError('usage_invalid', `--now is not for ${what} but for evidence of machines.`, {
    hint: 'Leave it out.',
  })
}

function tell(judgement: Judgement, { now }: VerifyFlags, { result }: Output): void {
  const at = now === undefined ? undefined : parseTime(now)
  result(formatJudgement(judgement, at), { ...judgementJson(judgement), ...(at && { asOf: at.toISOString() }) })
  process.exitCode = CODES[judgement.verdict]
}

const keyed = (apiKey: string | undefined): AskOptions => (apiKey === undefined ? {} : { apiKey })

/** Asks a service for evidence and judges it against the very connection that it came over. */
async function judgeService(target: URL, flags: VerifyFlags, output: Output): Promise<Judgement> {
  const nonce = flags.nonce === undefined ? Uint8Array.from(randomBytes(32)) : readNonce(flags.nonce)
  const judged = await judgeOptions(flags)
  const questions = questionsFor(target, { nonce, ...(flags.model !== undefined && { model: flags.model }) })
  let last: DcmlError | undefined
  for (const url of questions) {
    const { status, body, certificate } = await ask(url, keyed(apiKeyFor(url, flags.apiKey)))
    // an RA-TLS certificate is evidence itself, whatever the server answers
    const recognised = (status === 200 ? recognise(body) : undefined) ?? recognise(certificate)
    if (recognised === undefined) {
      last = status === 200 ? last : refused(url, status)
      continue
    }
    // a nonce that was named is looked for, wherever it was sent
    const connection: Connection = { certificate, ...((takesNonce(url) || flags.nonce !== undefined) && { nonce }) }
    return judgeAll(recognised, { ...judged, connection }, flags, output)
  }
  throw last ?? unknown(target.host)
}

const judgeAll = (recognised: Recognised, judged: JudgeOptions, flags: VerifyFlags, output: Output) =>
  judgeWithSources(recognised, judged, flags.offline === true ? undefined : flags, output)

async function judgeOptions(flags: VerifyFlags): Promise<JudgeOptions> {
  const { report, request, response, collateral } = flags
  return {
    now: flags.now === undefined ? new Date() : parseTime(flags.now),
    ...(await trustOf(flags)),
    // judged field by field when it is used
    ...(collateral && { collateral: collateral.map((path) => readJson(path) as TdxCollateral) }),
    ...(report !== undefined && { report: known(readBytes(report), report) }),
    exchange: {
      ...(request !== undefined && { request: readBytes(request) }),
      ...(response !== undefined && { response: readBytes(response) }),
    },
  }
}

/** What is accepted where nothing is said is any workload on genuine hardware; simulated TEEs only by `--development`. */
async function trustOf(flags: VerifyFlags): Promise<{ policy: Policy; roots?: string[] }> {
  const roots = flags.root?.map((path) => new TextDecoder().decode(readBytes(path)))
  const policy = flags.policy === undefined ? flagPolicy(flags) : readPolicy(flags.policy, flags)
  if (policy.environment === 'production') return { policy, ...(roots && { roots }) }
  return { policy, roots: roots ?? [await simulatorRoot()] }
}

/** GPUs stay those of `servicePolicy` itself: judged where there are any. */
function flagPolicy({ development, imageH, modelH }: VerifyFlags): Policy {
  const demanded = parsePolicy({
    ...servicePolicy,
    ...(development && { environment: 'development' }),
    ...(imageH && { imageH }),
    ...(modelH !== undefined && { modelH: [modelH] }),
  })
  return { ...demanded, gpu: servicePolicy.gpu! }
}

function known(bytes: Uint8Array, name: string): Recognised {
  const recognised = recognise(bytes)
  if (recognised === undefined) throw unknown(name)
  return recognised
}

const unknown = (name: string): DcmlError =>
  new DcmlError('evidence_unknown', `What ${name} holds is no evidence that is known.`, {
    hint: 'Known are evidence and receipts of DCML, answers of NEAR AI Cloud, dstack and Tinfoil, TDX quotes, SEV-SNP reports, NVIDIA evidence.',
  })

const readNonce = (hex: string): Uint8Array => fromHex(hex, 32)
