import { createInterface } from 'node:readline/promises'
import { type ChannelPayer, createClient, fileChannel, fileReceipts } from '@dcml/client'
import { DcmlError, formatAmount } from '@dcml/protocol'
import { Command } from 'commander'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import * as v from 'valibot'
import { hostError } from '../host-error.ts'
import { decimal, options, originOf, parseAddress, wholeNumber, withTrust } from '../options.ts'
import { type Output, printable } from '../output.ts'
import { resolveTrust, type TrustFlags } from '../trust.ts'
import { interrupted } from './interrupted.ts'
import { type Host, openHost } from './open-model.ts'

interface ChatFlags extends TrustFlags {
  endpoint: string
  receipts?: string
  channel?: string
  maxTokens?: number
  temperature?: number
  seed?: number
  system?: string
  echo?: boolean
  json?: boolean
}

interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

/** `dcml chat`: verify a host, ask it, check the receipt of every answer. */
export function chatCommand(output: () => Output): Command {
  return withTrust(new Command('chat'))
    .argument('[prompt]', 'what to ask, - reads standard input; without it, a conversation on the terminal')
    .addOption(options.endpoint().makeOptionMandatory())
    .addOption(options.modelH())
    .addOption(options.receipts())
    .addOption(options.channel())
    .option('--system <text>', 'system message')
    .option('--max-tokens <number>', 'longest answer', wholeNumber)
    .option('--temperature <number>', '0 always takes the likeliest token', decimal)
    .option('--seed <number>', 'seed of the sampler', wholeNumber)
    .option('--echo', 'with --json, also print the answer on stderr while it comes')
    .addOption(options.config())
    .addOption(options.json())
    .action(async (prompt: string | undefined, flags: ChatFlags) => {
      const settings = {
        endpoint: originOf(parseAddress(flags.endpoint)),
        ...(await resolveTrust(flags, 'client')),
        ...(flags.modelH !== undefined && { modelH: flags.modelH }),
        ...(flags.receipts !== undefined && { receipts: fileReceipts(flags.receipts) }),
      }
      const host = await openHost(() => createClient(settings), output().note)
      const { client, model, environment } = host
      let payer: ChannelPayer | undefined
      try {
        payer =
          flags.channel === undefined ? undefined : await client.resumeChannel({ store: fileChannel(flags.channel) })
        await payer?.establish()
        if (environment === 'development')
          output().note('DEVELOPMENT evidence: this host is simulated and proves nothing.')
        const history: Message[] = flags.system === undefined ? [] : [{ role: 'system', content: flags.system }]
        const write = (text: string): void =>
          void (flags.json
            ? flags.echo && process.stderr.write(printable(text))
            : process.stdout.write(printable(text)))
        if (prompt === undefined) return await converse(host, history, flags, write)
        const content = prompt === '-' ? await readInput() : prompt
        const answer = await ask(host, [...history, { role: 'user', content }], flags, write)
        const channel = payer && { channelId: payer.channelId, ...payer.amounts() }
        if (channel) output().note(`spent ${formatAmount(channel.spent)} of ${formatAmount(channel.deposited)}`)
        const shown = { text: answer.text, usage: answer.usage, modelH: model, receipt: 'verified', environment }
        output().result('', { ...shown, ...(channel && { channel }) })
      } finally {
        await payer?.release()
        client.close()
      }
    })
}

async function converse(
  host: Host,
  history: Message[],
  flags: ChatFlags,
  write: (text: string) => void,
): Promise<void> {
  if (!process.stdin.isTTY)
    throw new DcmlError('prompt_missing', 'There is no prompt and no terminal.', {
      hint: 'Give a prompt, or - to read standard input.',
    })
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    for (;;) {
      const content = await terminal.question('> ').catch(() => '')
      if (content === '') return
      history.push({ role: 'user', content })
      const { text } = await ask(host, history, flags, write)
      history.push({ role: 'assistant', content: text })
      write('\n')
    }
  } finally {
    terminal.close()
  }
}

const chunkSchema = v.looseObject({
  choices: v.optional(v.array(v.looseObject({ delta: v.looseObject({ content: v.nullish(v.string()) }) }))),
  usage: v.nullish(v.looseObject({ prompt_tokens: v.number(), completion_tokens: v.number() })),
  error: v.optional(v.unknown()),
})

type Chunk = v.InferOutput<typeof chunkSchema>

async function ask(
  { client, model }: Host,
  messages: readonly Message[],
  flags: ChatFlags,
  write: (text: string) => void,
): Promise<{ text: string; usage: Chunk['usage'] }> {
  const response = await client.fetch('/v1/chat/completions', {
    method: 'POST',
    signal: interrupted(),
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: flags.maxTokens,
      temperature: flags.temperature,
      seed: flags.seed,
    }),
  })
  if (!response.ok) {
    const refusal = hostError(await response.json().catch(() => ({})))
    throw refusal.code === 'payment_required' && flags.channel === undefined ? unpaid(refusal) : refusal
  }
  let text = ''
  let usage: Chunk['usage']
  const events = response.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
  try {
    for await (const { data } of events) {
      if (data === '[DONE]') break
      const chunk = v.parse(chunkSchema, JSON.parse(data))
      if (chunk.error) throw hostError(chunk)
      const piece = chunk.choices?.[0]?.delta.content ?? ''
      text += piece
      write(piece)
      usage = chunk.usage ?? usage
    }
  } finally {
    write('\n') // what went wrong stands on a line of its own
  }
  return { text, usage }
}

/** The enclave speaks to programs; here somebody types. */
const unpaid = ({ code, message }: DcmlError): DcmlError =>
  new DcmlError(code, message, { hint: 'Open a channel with `dcml channel open`, then give --channel FILE.' })

async function readInput(): Promise<string> {
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(await process.stdin.toArray()))
}
