import { DcmlError, formatAmount, toBase64url, utf8 } from '@dcml/protocol'
import { Command, Option } from 'commander'
import { nearOptions } from '../near-flags.ts'
import { options, readBytes, wholeNumber } from '../options.ts'
import { type Output, printable } from '../output.ts'
import { controlOf } from '../por/control-client.ts'
import type { Asking, Isolated, Requested } from '../por/control-schema.ts'
import { interrupted } from './interrupted.ts'

interface Flags {
  store: string
  app: string
  text?: string
  file?: string
  maxCost: bigint
  budget: number
  hold?: number
  service?: number
  lateRate?: bigint
  maxResponse?: number
}

/** `dcml por request`: one try, with one of two ends. */
export const requestCommand = (output: () => Output): Command =>
  asking('request')
    .description('ask any node: its signed response, or an edge on the way that was cut, and pay for waiting')
    .action(async (target: string, flags: Flags) => {
      const ended = await controlOf(flags.store).request(askingOf(target, flags), following(output()))
      output().result(requestLine(ended), inJson(ended))
    })

/** `dcml por isolate`: until there is an answer, or nobody can ask any more. */
export const isolateCommand = (output: () => Output): Command =>
  asking('isolate')
    .description('ask until there is a response, or the target is provably disconnected')
    .action(async (target: string, flags: Flags) => {
      const ended = await controlOf(flags.store).isolate(askingOf(target, flags), following(output()))
      output().result(isolateLine(target, ended), inJson(ended))
    })

const asking = (name: string): Command =>
  new Command(name)
    .argument('<account>', 'of the node to ask')
    .addOption(storeOption())
    .option('--app <name>', 'application that answers', 'dcml/ping')
    .option('--text <text>', 'what to say')
    .option('--file <file>', 'or a file with it')
    .addOption(nearOptions.amount('--max-cost <amount>', 'most to pay').default(10n ** 22n, '0.01 NEAR'))
    .addOption(new Option('--budget <ms>', 'until waiting is paid for').argParser(wholeNumber).default(5_000))
    .addOption(
      new Option('--hold <ms>', 'from then on until it must be decided (default: 30000)').argParser(wholeNumber),
    )
    .addOption(new Option('--service <ms>', 'that the application may take (default: 50)').argParser(wholeNumber))
    .addOption(
      nearOptions.amount('--late-rate <amount>', 'for every ms of waiting (default: the path’s price per second)'),
    )
    .addOption(
      new Option('--max-response <bytes>', 'longest response to pay for (default: 4096)').argParser(wholeNumber),
    )
    .addOption(options.config())
    .addOption(options.json())

/** Flag of every command that speaks with a running node. */
export const storeOption = (): Option =>
  new Option('--store <folder>', 'of the node: its money, and the way to speak with it').default('por')

function askingOf(
  target: string,
  { store: _, text, file, ...flags }: Flags & { config?: string; json?: boolean },
): Asking {
  if (text !== undefined && file !== undefined)
    throw new DcmlError('payload_twice', 'There are two things to say.', { hint: 'Give --text or --file.' })
  const { app, maxCost, budget, hold, service, lateRate, maxResponse } = flags
  return {
    target,
    payload: file === undefined ? utf8(text ?? '') : readBytes(file),
    app,
    maxCost,
    budget,
    ...(hold !== undefined && { hold }),
    ...(service !== undefined && { service }),
    ...(lateRate !== undefined && { lateRate }),
    ...(maxResponse !== undefined && { maxResponse }),
  }
}

const following = (output: Output) => ({
  onLate: (amount: bigint) => output.note(`late: ${formatAmount(amount)} for waiting`),
  signal: interrupted(),
})

const STATUS = ['answered', 'has no such application', 'failed']
const money = ({ cost, late }: { cost: bigint; late: bigint }): string =>
  `${formatAmount(cost)} paid, ${formatAmount(late)} received for waiting`
const responseLine = (target: string, { status, payload }: { status: number; payload: Uint8Array }): string =>
  `${target} ${STATUS[status] ?? `said status ${status}`}, signed: ${printable(new TextDecoder().decode(payload))}`

function requestLine(ended: Requested): string {
  if ('response' in ended)
    return `${responseLine(ended.response.proof.request.body.recipient, ended.response)}\n${money(ended)}`
  const { edgeId, cert } = ended.broken
  const proof = cert === null ? 'the contract shows it' : 'with the word of one of its ends'
  return `broken: edge ${edgeId} on the way is no more, ${proof}\n${money(ended)}`
}

function isolateLine(target: string, ended: Isolated): string {
  const effort = `${ended.tries} tries, edges cut: ${ended.cuts.join(', ') || 'none'}\n${money(ended)}`
  if ('response' in ended) return `${responseLine(target, ended.response)}\n${effort}`
  const since = new Date(Number(ended.disconnected.since / 1_000_000n)).toISOString()
  return `${target} is disconnected since ${since}, on chain\n${effort}`
}

/** Bytes as base64url; signed objects are for `dcml channel close --por`, and stay out. */
function inJson(ended: Requested | Isolated): object {
  if ('broken' in ended) {
    const { edgeId, cert } = ended.broken
    return { ...ended, broken: { edgeId, cert: cert && toBase64url(cert) } }
  }
  if (!('response' in ended)) return ended
  const { status, payload } = ended.response
  return { ...ended, response: { status, payload: toBase64url(payload), text: new TextDecoder().decode(payload) } }
}
