import { formatPrice, type HostOffer, hostOverview, modelProvider } from '@dcml/near/model'
import { DcmlError, formatAmount } from '@dcml/protocol'
import { Command } from 'commander'
import { lines, openJson, openLine } from '../facts.ts'
import { requireKnownCode } from '../known-code.ts'
import {
  amount,
  type ContractFlags,
  connect,
  contractOf,
  type NearFlags,
  nearOptions,
  readAccount,
  type SignerFlags,
  withNear,
  withSigner,
} from '../near-flags.ts'
import { options, readHex32 } from '../options.ts'
import type { Output } from '../output.ts'
import { tellSent } from '../sent.ts'
import { interrupted } from './interrupted.ts'
import { closeCommand } from './provider-close.ts'

type HostFlags = SignerFlags & ContractFlags
interface OfferFlags {
  url?: string
  inputPrice?: bigint
  outputPrice?: bigint
  porAccount?: string | false
}

const hosting = (name: string): Command =>
  withSigner(new Command(name)).addOption(nearOptions.contract()).addOption(options.config()).addOption(options.json())

const hostOf = async (flags: HostFlags) =>
  modelProvider({
    contract: contractOf(flags),
    account: readAccount(flags),
    near: await connect(flags),
    signal: interrupted(),
  })

const ORDER = '\nIn order: register, `dcml runtime serve`, admit its session key, `dcml watcher run`.'

/** `dcml provider …`: the host's side of a model contract (paper §6). */
export function providerCommand(output: () => Output): Command {
  const register = withOffer(hosting('register'))
    .description('host a model: say where and for how much, and put up the collateral that channels lock')
    .addOption(nearOptions.amount('--collateral <amount>', 'what channels can lock in all').makeOptionMandatory())
    .addOption(nearOptions.deployment())
    .option('--any-code', 'though the contract is not one that this version knows, and might keep the collateral')
    .action(async (flags: HostFlags & OfferFlags & { collateral: bigint; anyCode?: boolean; deployment?: string }) => {
      const { collateral } = flags
      const { endpoint, hostInput, hostOutput, porAccount = null } = readOffer(flags)
      if (endpoint === undefined || hostInput === undefined || hostOutput === undefined)
        throw new DcmlError('offer_incomplete', 'An offer has an address and two prices.', {
          hint: 'Give --url, --input-price and --output-price.',
        })
      if (!flags.anyCode) await requireKnownCode(flags, 'collateral', output())
      const host = await hostOf(flags)
      const sent = await host.register({ endpoint, hostInput, hostOutput, porAccount, collateral })
      tellSent(output(), `${endpoint} hosts with ${formatAmount(collateral)} of collateral`, sent)
    })

  const update = withOffer(hosting('update'))
    .description('change address, prices or Proof of Response contract for channels opened from now on')
    .option('--no-por-account', 'name none')
    .action(async (flags: HostFlags & OfferFlags) => {
      const change = readOffer(flags)
      if (Object.keys(change).length === 0)
        throw new DcmlError('offer_unchanged', 'Nothing says what to change.', {
          hint: 'Give --url, --input-price, --output-price or --por-account.',
        })
      tellSent(output(), 'changed', await (await hostOf(flags)).update(change))
    })

  const deposit = hosting('deposit')
    .description('add to the free collateral')
    .argument('<amount>', 'such as "1.5 NEAR"', amount)
    .action(async (amount: bigint, flags: HostFlags) => {
      tellSent(output(), `added ${formatAmount(amount)}`, await (await hostOf(flags)).deposit(amount))
    })

  const withdraw = hosting('withdraw')
    .description('take free collateral out')
    .argument('<amount>', 'such as "1.5 NEAR"', amount)
    .action(async (amount: bigint, flags: HostFlags) => {
      tellSent(output(), `took out ${formatAmount(amount)}`, await (await hostOf(flags)).withdraw(amount))
    })

  const admit = hosting('admit')
    .description('answer for an enclave of yours: channels may name its session key, and lock your collateral')
    .argument('<session-key>', 'its ed25519 public key: hex, or a file with it')
    .action(async (key: string, flags: HostFlags) => {
      tellSent(output(), 'admitted', await (await hostOf(flags)).admit(readHex32(key)))
    })

  const dismiss = hosting('dismiss')
    .description('no further channel may name this session key; open ones keep it')
    .argument('<session-key>', 'hex, or a file with it')
    .action(async (key: string, flags: HostFlags) => {
      tellSent(output(), 'dismissed', await (await hostOf(flags)).dismiss(readHex32(key)))
    })

  const leave = hosting('leave')
    .description('stop hosting and take everything out, once no channel and no session key is left')
    .action(async (flags: HostFlags) => {
      tellSent(output(), 'left', await (await hostOf(flags)).leave())
    })

  const close = closeCommand(hosting('close'), output)
  const all = [register, update, deposit, withdraw, admit, dismiss, close, leave, showCommand(output)]
  return all.reduce((group, command) => group.addCommand(command), new Command('provider').addHelpText('after', ORDER))
}

function showCommand(output: () => Output): Command {
  return withNear(new Command('show'))
    .description('a host’s offer, its collateral, and the channels that lock it')
    .argument('<account>', 'of the host')
    .addOption(nearOptions.contract())
    .addOption(options.config())
    .addOption(options.json())
    .action(async (account: string, flags: NearFlags & ContractFlags) => {
      const contract = contractOf(flags)
      const host = await hostOverview(await connect(flags), contract, account, { signal: interrupted() })
      if (host === null)
        throw new DcmlError('provider_unknown', `${account} does not host the model of ${contract}.`, {
          hint: 'Check the account, the contract and the network.',
        })
      const facts = {
        host: account,
        url: host.endpoint,
        inputPrice: `${formatPrice(host.hostInput)}, on top of the owner’s`,
        outputPrice: formatPrice(host.hostOutput),
        proofOfResponse: host.porAccount ?? 'none',
        free: formatAmount(host.free),
        locked: formatAmount(host.locked),
        sessions: host.sessions,
      }
      output().result([lines(facts), ...host.channels.map(openLine)].join('\n'), {
        account,
        ...host,
        channels: host.channels.map(openJson),
      })
    })
}

const withOffer = (command: Command): Command =>
  command
    // not --endpoint: that setting is where this machine's enclave answers, which need not be where others reach it
    .option('--url <url>', 'where payers reach the enclave')
    .addOption(nearOptions.price('--input-price <price>', 'yours, of a prompt token, on top of the owner’s'))
    .addOption(nearOptions.price('--output-price <price>', 'yours, of a completion token'))
    .option('--por-account <account>', 'Proof of Response contract that vouches for you (paper §6.2)')

function readOffer({ url, inputPrice, outputPrice, porAccount }: OfferFlags): Partial<HostOffer> {
  return {
    ...(url !== undefined && { endpoint: url }),
    ...(inputPrice !== undefined && { hostInput: inputPrice }),
    ...(outputPrice !== undefined && { hostOutput: outputPrice }),
    ...(porAccount !== undefined && { porAccount: porAccount || null }),
  }
}
