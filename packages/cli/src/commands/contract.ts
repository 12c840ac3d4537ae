import { checkModelContract, formatPrice, model } from '@dcml/near/model'
import { DcmlError, formatAmount, toHex } from '@dcml/protocol'
import { collectOwed, income, moveIncome, setBeneficiary, setImages, setKeyEpoch, setPrices } from '@dcml/publisher'
import { Command, Option } from 'commander'
import { formatChecks } from '../checks.ts'
import { lines, openJson, openLine } from '../facts.ts'
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
import { options, readHex32, wholeNumber } from '../options.ts'
import { type Output, printable } from '../output.ts'
import { tellSent } from '../sent.ts'
import { deployCommand } from './contract-deploy.ts'
import { interrupted } from './interrupted.ts'

type OwnerFlags = SignerFlags & ContractFlags

/** Every command here may take its flags from a settings file. */
const finished = (command: Command): Command => command.addOption(options.config()).addOption(options.json())
const reading = (name: string): Command => finished(withNear(new Command(name)).addOption(nearOptions.contract()))
const owning = (name: string): Command => finished(withSigner(new Command(name)).addOption(nearOptions.contract()))

/** Who acts on which contract. */
const ownerOf = async (flags: OwnerFlags) => ({
  contract: contractOf(flags),
  account: readAccount(flags),
  near: await connect(flags),
  signal: interrupted(),
})

const ORDER = '\nIn order: deploy, `dcml light-client trust-root --manifest`, set-images, and from then on income.'

/** `dcml contract …`: a model's contract, for its owner (paper §6). */
export function contractCommand(output: () => Output): Command {
  const terms = reading('terms')
    .description('what the owner has set: prices, accepted images, beneficiary, rules')
    .action(async (flags: NearFlags & ContractFlags) => {
      const contract = contractOf(flags)
      const near = await connect(flags)
      const checks = await checkModelContract(near, contract, { signal: interrupted() })
      const terms = await model(near, contract).terms({}, { signal: interrupted() })
      const shown = {
        contract,
        owner: terms.owner,
        beneficiary: terms.beneficiary,
        modelH: toHex(terms.model_h),
        keyEpoch: terms.key_epoch,
        imageHs: terms.image_hs.map(toHex),
        prices: terms.prices,
        challengePeriodMs: Number(terms.challenge_period / 1_000_000n),
        expiryMs: Number(terms.expiry / 1_000_000n),
        closeFee: terms.close_fee,
        channelsOpened: terms.next_channel - 1n,
      }
      const told = lines({
        ...shown,
        imageHs: shown.imageHs.length > 0 ? shown.imageHs : 'none: no workload may serve it',
        prices: undefined,
        inputPrice: formatPrice(terms.prices.input),
        outputPrice: formatPrice(terms.prices.output),
        challengePeriodMs: undefined,
        expiryMs: undefined,
        challengePeriod: `${shown.challengePeriodMs / 3_600_000} hours`,
        expiry: `${shown.expiryMs / 86_400_000} days`,
        closeFee: formatAmount(terms.close_fee),
      })
      output().result(`${told}\n${printable(formatChecks(checks))}`, { ...shown, checks })
    })

  const prices = owning('set-prices')
    .description("the owner's prices, for channels opened from now on")
    .addOption(nearOptions.price('--input-price <price>', 'of a prompt token').makeOptionMandatory())
    .addOption(nearOptions.price('--output-price <price>', 'of a completion token').makeOptionMandatory())
    .action(async (flags: OwnerFlags & { inputPrice: bigint; outputPrice: bigint }) => {
      const prices = { input: flags.inputPrice, output: flags.outputPrice }
      const sent = await setPrices({ ...(await ownerOf(flags)), prices })
      tellSent(output(), `input ${formatPrice(prices.input)}, output ${formatPrice(prices.output)}`, sent)
    })

  const images = owning('set-images')
    .description('the workloads that may serve the model; replaces the ones before')
    .addOption(options.imageH())
    .option('--none', 'accept no workload: no new payer should come')
    .action(async (flags: OwnerFlags & { imageH?: string[]; none?: boolean }) => {
      const hashes = flags.none ? [] : (flags.imageH ?? [])
      if (hashes.length === 0 && !flags.none)
        throw new DcmlError('images_missing', 'Nothing says which workloads may serve the model.', {
          hint: 'Give --image-h HEX for each, or --none.',
        })
      const sent = await setImages({ ...(await ownerOf(flags)), imageHs: hashes.map(readHex32) })
      tellSent(
        output(),
        `${hashes.length === 1 ? '1 workload' : `${hashes.length} workloads`} may serve the model`,
        sent,
      )
    })

  const beneficiary = owning('set-beneficiary')
    .description('who earns the owner’s share of channels opened from now on')
    .argument('<account>')
    .action(async (beneficiary: string, flags: OwnerFlags) => {
      tellSent(output(), `${beneficiary} earns`, await setBeneficiary({ ...(await ownerOf(flags)), beneficiary }))
    })

  const epoch = owning('set-key-epoch')
    .description('the model’s secret key was rotated; epochs only grow')
    .argument('<number>', '', wholeNumber)
    .action(async (keyEpoch: number, flags: OwnerFlags) => {
      tellSent(output(), `key epoch ${keyEpoch}`, await setKeyEpoch({ ...(await ownerOf(flags)), keyEpoch }))
    })

  const earned = reading('income')
    .description('what the model earned since a block, what is open, what is owed')
    .addOption(
      new Option('--from <height>', 'block to begin at: `deploy` and `income` tell it')
        .argParser(wholeNumber)
        .makeOptionMandatory(),
    )
    .action(async (flags: NearFlags & ContractFlags & { from: number }) => {
      const contract = contractOf(flags)
      const near = await connect(flags)
      const bar = output().progress('blocks')
      try {
        const onProgress = ({ done, total }: { done: number; total: number }) => bar.update(done, total)
        const found = await income({ near, contract, from: flags.from, signal: interrupted(), onProgress })
        bar.stop()
        output().result(
          [
            ...found.open.map(openLine),
            ...found.settled.map(
              ({ channelId, toOwner, forfeited }) =>
                `channel ${channelId}  ended${forfeited ? ' unanswered, the host’s lock is yours' : ''}: ${formatAmount(toOwner)}`,
            ),
            `earned  ${formatAmount(found.earned)} since block ${flags.from}`,
            `open    ${found.open.length === 1 ? '1 channel' : `${found.open.length} channels`} with ${formatAmount(found.deposited)}`,
            `owed    ${formatAmount(found.owed)} to ${found.beneficiary}${found.owed > 0n ? '; see `dcml contract collect`' : ''}`,
            `next    --from ${found.next}`,
          ].join('\n'),
          { ...found, open: found.open.map(openJson) },
        )
      } finally {
        bar.stop()
      }
    })

  const collect = owning('collect')
    .description('have the contract send again what it owes an account')
    .option('--of <account>', 'who is owed (default: the account that signs)')
    .action(async (flags: OwnerFlags & { of?: string }) => {
      const owner = await ownerOf(flags)
      const of = flags.of ?? owner.account.accountId
      tellSent(output(), `sent to ${of} what it was owed`, await collectOwed({ ...owner, of }))
    })

  const move = finished(withSigner(new Command('move')))
    .description('send income on from the account that signs')
    .argument('<amount>', 'such as "1.5 NEAR"', amount)
    .requiredOption('--to <account>')
    .action(async (amount: bigint, flags: SignerFlags & { to: string }) => {
      const account = readAccount(flags)
      const sent = await moveIncome({
        near: await connect(flags),
        account,
        to: flags.to,
        amount,
        signal: interrupted(),
      })
      tellSent(output(), `${formatAmount(amount)} to ${flags.to}`, sent)
    })

  const all = [deployCommand(output), terms, prices, images, beneficiary, epoch, earned, collect, move]
  return all.reduce((group, command) => group.addCommand(command), new Command('contract').addHelpText('after', ORDER))
}
