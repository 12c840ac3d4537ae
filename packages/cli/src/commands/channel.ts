import { chmod, writeFile } from 'node:fs/promises'
import {
  type ChannelPayer,
  type ChannelSummary,
  type Closure,
  closeOverPor,
  createClient,
  describeChannel,
  exportChannel,
  fileChannel,
  importChannel,
  openCarried,
  resumeCarried,
} from '@dcml/client'
import { formatPrice, modelWallet } from '@dcml/near/model'
import { DcmlError, formatAmount, toHex } from '@dcml/protocol'
import { Command, Option } from 'commander'
import { lines } from '../facts.ts'
import { requireKnownCode } from '../known-code.ts'
import {
  amount,
  type ContractFlags,
  connect,
  contractOf,
  nearOptions,
  readAccount,
  type SignerFlags,
  withSigner,
} from '../near-flags.ts'
import { decimal, options, originOf, parseAddress, readBytes, wholeNumber, withTrust } from '../options.ts'
import type { Output } from '../output.ts'
import { porRequester } from '../por/requester.ts'
import { resolveTrust, type TrustFlags } from '../trust.ts'
import { interrupted } from './interrupted.ts'

interface HostFlags extends TrustFlags {
  endpoint?: string
}
type PayFlags = HostFlags & SignerFlags & ContractFlags & { channel: string }

const finished = (command: Command): Command => command.addOption(options.config()).addOption(options.json())
const reaching = (name: string): Command =>
  withTrust(new Command(name)).addOption(options.endpoint()).addOption(options.modelH())
const paying = (name: string): Command =>
  finished(
    withSigner(reaching(name)).addOption(nearOptions.contract()).addOption(options.channel().makeOptionMandatory()),
  )

const ORDER = `
In order: open, \`dcml chat --channel\`, close.
Where the enclave has no network: request there; open --challenge, export --with-key elsewhere; import, establish, chat,
close, export there; import, close elsewhere.`

/** `dcml channel …`: pay for a model, also where its enclave reaches no network (paper §6). */
export function channelCommand(output: () => Output): Command {
  const tell = async (path: string, more: object = {}): Promise<void> => {
    const summary = await describeChannel(fileChannel(path))
    output().result(lines({ ...told(summary), ...more }), { ...inJson(summary), ...more })
  }

  const request = finished(reaching('request'))
    .description('ask an enclave for a challenge, to open a channel on a machine that cannot reach it')
    .requiredOption('--out <file>', 'write it there; it holds no secret')
    .action(async (flags: HostFlags & { out: string }) => {
      await withClient(flags, async (client) => writeFile(flags.out, await client.challenge()))
      output().result(`wrote ${flags.out}; open the channel within the hour`, { out: flags.out })
    })

  const open = paying('open')
    .description('deposit for an enclave, and prove the deposit to it; typed again it goes on where it was ended')
    .option('--challenge <file>', 'of an enclave that cannot be reached from here, by `dcml channel request`')
    .requiredOption('--provider <account>', 'the host, as the contract knows it')
    .addOption(nearOptions.amount('--deposit <amount>', 'what can be spent in all').makeOptionMandatory())
    .addOption(nearOptions.amount('--per-request <amount>', 'what one request may cost').makeOptionMandatory())
    .addOption(nearOptions.amount('--step <amount>', 'what is authorised ahead (default: a tenth of --per-request)'))
    .addOption(nearOptions.deployment())
    .option('--any-code', 'though the contract is not one that this version knows, and might keep the deposit')
    .action(async (flags: OpenFlags) => {
      const store = fileChannel(flags.channel)
      if (!flags.anyCode) await requireKnownCode(flags, 'deposit', output())
      const { provider, deposit, perRequest: perRequestLimit, step } = flags
      const wallet = await walletOf(flags)
      const wanted = { wallet, provider, deposit, perRequestLimit, store, ...(step !== undefined && { step }) }
      if (flags.challenge === undefined) await withClient(flags, async (client) => (await client.pay(wanted)).release())
      else {
        const challenge = new TextDecoder().decode(readBytes(flags.challenge))
        await (await openCarried(challenge, { ...wanted, ...(await resolveTrust(flags, 'client')) })).release()
      }
      await tell(flags.channel)
    })

  const show = finished(new Command('show'))
    .description('what is deposited, authorised, spent and settled, as this file knows it')
    .addOption(options.channel().makeOptionMandatory())
    .action(({ channel }: { channel: string }) => tell(channel))

  const toFile = finished(new Command('export'))
    .description('write the channel, with the proofs of its deposits, for another machine')
    .addOption(options.channel().makeOptionMandatory())
    .requiredOption('--out <file>', 'write it there, readable by you alone')
    .option('--with-key', 'with the key that pays: whoever has the file can spend the deposit')
    .action(async ({ channel, out, withKey = false }: { channel: string; out: string; withKey?: boolean }) => {
      const text = await exportChannel(fileChannel(channel), { withKey })
      // the mode is for a file that is made; one that is there may be open to others
      await writeFile(out, '', { mode: 0o600 })
      await chmod(out, 0o600)
      await writeFile(out, text)
      const what = withKey
        ? 'with the key: whoever has it can pay'
        : 'without the key: to pay elsewhere, say --with-key'
      output().result(`wrote ${out} ${what}`, { out, withKey })
    })

  const fromFile = finished(new Command('import'))
    .description('take over an exported channel; of the same channel the farther state counts')
    .argument('<file>')
    .addOption(options.channel().makeOptionMandatory())
    .action(async (file: string, { channel }: { channel: string }) => {
      await importChannel(new TextDecoder().decode(readBytes(file)), fileChannel(channel))
      await tell(channel)
    })

  const establish = paying('establish')
    .description('show the enclave the deposits it has not seen; without an account by the proofs in the file')
    .action(async (flags: PayFlags) => {
      await withPayer(flags, (payer) => payer.establish())
      await tell(flags.channel)
    })

  const topUp = paying('top-up')
    .description('add to the deposit')
    .argument('<amount>', 'such as "1.5 NEAR"', amount)
    .action(async (added: bigint, flags: PayFlags) => {
      await withPayer(flags, (payer) => payer.topUp(added))
      await tell(flags.channel)
    })

  const close = paying('close')
    .description('ask the enclave for its approval and submit it; where it is silent, close without it')
    .option('--wait', 'through the challenge period, if it comes to that')
    .addOption(
      new Option('--patience <minutes>', 'how long to ask a silent enclave; closing without it costs the fee')
        .argParser(decimal)
        .default(10),
    )
    .option('--por <folder>', 'ask over Proof of Response, through the node that runs on this store: nobody waits')
    .addOption(nearOptions.amount('--max-cost <amount>', 'most to pay for that').default(10n ** 23n, '0.1 NEAR'))
    .addOption(new Option('--hold <ms>', 'how long to be paid for waiting, at most').argParser(wholeNumber))
    .action(async (flags: PayFlags & { wait?: boolean; patience: number } & PorCloseFlags) => {
      const { wait = false, patience, por, hold, maxCost } = flags
      if (por !== undefined) {
        const onLate = (amount: bigint) => output().note(`late: ${formatAmount(amount)} for waiting`)
        const { way } = await closeOverPor({
          store: fileChannel(flags.channel),
          wallet: await walletOf(flags),
          requester: porRequester(por, onLate),
          maxCost,
          budget: POR_BUDGET_MS,
          ...(hold !== undefined && { hold }),
          signal: interrupted(),
        })
        return tell(flags.channel, { done: true, way })
      }
      const closing = { wait, patienceMs: patience * 60_000, signal: interrupted() }
      const closure = await withPayer(flags, (payer) => payer.close(closing))
      await tell(flags.channel, { done: closure.done, ...nextOf(closure) })
    })

  const all = [request, open, show, toFile, fromFile, establish, topUp, close]
  return all.reduce((command, each) => command.addCommand(each), new Command('channel').addHelpText('after', ORDER))
}

interface PorCloseFlags {
  por?: string
  hold?: number
  maxCost: bigint
}
/** What the contract leaves an enclave for its answer, and as much again for the way. */
const POR_BUDGET_MS = 20_000

type OpenFlags = PayFlags & {
  challenge?: string
  provider: string
  deposit: bigint
  perRequest: bigint
  step?: bigint
  anyCode?: boolean
  deployment?: string
}

const walletOf = async (flags: SignerFlags & ContractFlags) =>
  modelWallet({
    contract: contractOf(flags),
    account: readAccount(flags),
    near: await connect(flags),
    signal: interrupted(),
  })

/** @throws DcmlError `endpoint_missing` */
async function withClient<T>(
  flags: HostFlags,
  act: (client: ReturnType<typeof createClient>) => Promise<T>,
): Promise<T> {
  const { endpoint, modelH } = flags
  if (endpoint === undefined)
    throw new DcmlError('endpoint_missing', 'Nothing says where the enclave is.', { hint: 'Give --endpoint URL.' })
  const client = createClient({
    endpoint: originOf(parseAddress(endpoint)),
    ...(await resolveTrust(flags, 'client')),
    ...(modelH !== undefined && { modelH }),
    signal: interrupted(),
  })
  try {
    return await act(client)
  } finally {
    client.close()
  }
}

/** Takes the channel up where the enclave can be reached (`--endpoint`), where the chain can (`--key`), or both. */
async function withPayer<T>(flags: PayFlags, act: (payer: ChannelPayer) => Promise<T>): Promise<T> {
  const store = fileChannel(flags.channel)
  const { contract } = (await describeChannel(store)).chain
  const wallet = flags.key === undefined ? undefined : await walletOf({ contract, ...flags })
  const using = async (payer: ChannelPayer): Promise<T> => {
    try {
      return await act(payer)
    } finally {
      await payer.release()
    }
  }
  if (flags.endpoint === undefined && wallet !== undefined) return using(await resumeCarried({ store, wallet }))
  return withClient(flags, async (client) =>
    using(await client.resumeChannel({ store, ...(wallet !== undefined && { wallet }) })),
  )
}

const UNSETTLED = { gone: 'on the chain, by a call of somebody else' } as Readonly<Record<string, string>>

const PROOF = {
  none: undefined,
  provable: 'in this file; establish it within 10 minutes, unless the host takes older ones',
  proofless: 'to be fetched',
}

function told({ chain, payer, provider, phase, open, isCallPending, unproven }: ChannelSummary): object {
  const { amounts, prices, channelId, expiresAt } = open ?? {}
  return {
    channel: channelId ?? 'not open yet',
    phase: isCallPending ? `${phase}; what became of the last call is not known yet` : phase,
    contract: `${chain.contract} on ${chain.networkId}`,
    payer,
    provider,
    deposited: amounts && formatAmount(amounts.deposited),
    authorised: amounts && formatAmount(amounts.authorised),
    spent: amounts && formatAmount(amounts.spent),
    settled: amounts && (amounts.settled === null ? (UNSETTLED[phase] ?? 'not yet') : formatAmount(amounts.settled)),
    inputPrice: prices && formatPrice(prices.ownerInput + prices.hostInput),
    outputPrice: prices && formatPrice(prices.ownerOutput + prices.hostOutput),
    expires: expiresAt && new Date(expiresAt).toISOString(),
    proof: phase === 'open' ? PROOF[unproven] : undefined,
  }
}

const inJson = ({ sessionKey, open, ...summary }: ChannelSummary): object => ({
  ...summary,
  sessionKey: toHex(sessionKey),
  ...(open && { ...open, expiresAt: new Date(open.expiresAt).toISOString() }),
})

function nextOf(closure: Closure): object {
  if (closure.done) return {}
  const { next, at, why } = closure
  return {
    next:
      next === 'submit-approval'
        ? 'submit-approval: type it again with --key, where the chain is'
        : `${next}, from ${new Date(at).toISOString()}: type it again`,
    ...(why && { why: `${why.code}: ${why.message}` }),
  }
}
