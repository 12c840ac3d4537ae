import { fileReceipts, type ReceiptRecord, verifyReceiptRecord } from '@dcml/client'
import { DcmlError, formatAmount, parseReceipt, toHex } from '@dcml/protocol'
import { Command } from 'commander'
import { formatChecks, formatLabel, formatWarnings } from '../checks.ts'
import { options, readBytes, withTrust } from '../options.ts'
import { line, type Output } from '../output.ts'
import { resolveTrust, type TrustFlags } from '../trust.ts'

/** `dcml receipt …`: what hosts have signed, read and judged offline. */
export function receiptCommand(output: () => Output): Command {
  const show = new Command('show')
    .description('print kept receipts; says what was signed, not whether it is true')
    .argument('<file>', 'receipts as `dcml chat --receipts` keeps them')
    .addOption(options.json())
    .action(async (file: string) => {
      const receipts = await Array.fromAsync(records(file), facts)
      output().result(receipts.map(formatFacts).join('\n\n') || 'no receipts', { receipts })
    })

  const verify = withTrust(new Command('verify'))
    .description('judge kept receipts offline: evidence, signature, model, request and response')
    .argument('<file>', 'receipts as `dcml chat --receipts` keeps them')
    .addOption(options.modelH())
    .addOption(options.json())
    .action((file: string, flags: TrustFlags) => verifyReceipts(file, flags, output()))

  return new Command('receipt').addCommand(show).addCommand(verify)
}

/** Judges every receipt of a file and tells each with its checks. @throws DcmlError `receipts_none`, `receipt_torn` */
export async function verifyReceipts(file: string, flags: TrustFlags, { result }: Output): Promise<void> {
  const trust = await resolveTrust(flags, 'client')
  const receipts = []
  const lines = []
  for await (const record of records(file)) {
    const { ok, checks, environment, warnings } = await verifyReceiptRecord(record, { ...trust, now: new Date() })
    receipts.push({ ...facts(record), ok, environment, warnings, checks })
    const verdict = `${ok ? 'HOLDS' : 'DOES NOT HOLD'}${formatLabel(environment)}`
    const told = [formatFacts(facts(record)), formatChecks(checks), verdict, formatWarnings(warnings)]
    lines.push(told.filter(Boolean).join('\n'))
  }
  if (receipts.length === 0) throw noReceipts(file)
  result(lines.join('\n\n'), { ok: receipts.every(({ ok }) => ok), receipts })
  if (receipts.some(({ ok }) => !ok)) process.exitCode = 1
}

/** Whether bytes look like what `dcml chat --receipts` keeps: lines of JSON, the first of them evidence. */
export const isReceipts = (bytes: Uint8Array): boolean =>
  new TextDecoder().decode(bytes.subarray(0, 14)) === '{"evidenceH":"'

/** The receipts of a file; one whose line was cut by a crash is an error, because it can no longer be judged. */
async function* records(file: string): AsyncIterable<ReceiptRecord> {
  readBytes(file) // a store that does not exist is empty, a file that was named must be there
  let torn: number | undefined
  yield* fileReceipts(file, { onTorn: (line) => (torn = line) }).list()
  if (torn !== undefined)
    throw new DcmlError('receipt_torn', `The last line of ${file} (${torn}) was cut while it was written.`, {
      hint: 'Its answer has no receipt any more. Remove the line to judge the others.',
    })
}

const noReceipts = (file: string): DcmlError =>
  new DcmlError('receipts_none', `${file} holds no receipt.`, {
    hint: 'Nothing was proven. Check that this is the right file.',
  })

interface Facts {
  modelH: string
  imageH: string
  requestH: string
  responseH: string
  promptTokens: number
  completionTokens: number
  /** Absent where nothing was paid. */
  channelId?: bigint
  spent: bigint
  sequence: bigint
  time: string
  endpoint: string
}

function facts({ receipt: text, endpoint }: ReceiptRecord): Facts {
  const { modelH, imageH, requestH, responseH, promptTokens, completionTokens, channelId, spent, sequence, time } =
    parseReceipt(text).receipt
  const channel = readU64(channelId)
  return {
    modelH: toHex(modelH),
    imageH: toHex(imageH),
    requestH: toHex(requestH),
    responseH: toHex(responseH),
    promptTokens,
    completionTokens,
    ...(channel !== 0n && { channelId: channel }),
    spent,
    sequence,
    time: new Date(Number(time)).toISOString(),
    endpoint,
  }
}

const readU64 = ({ buffer, byteOffset }: Uint8Array): bigint => new DataView(buffer, byteOffset).getBigUint64(0, true)

const formatFacts = (all: Facts): string =>
  Object.entries({ ...all, spent: formatAmount(all.spent) + (all.channelId === undefined ? '' : ' so far') })
    .map(([name, value]) => `${name.padEnd(17)} ${line(`${value}`)}`)
    .join('\n')
