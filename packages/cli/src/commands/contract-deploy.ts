import { formatPrice } from '@dcml/near/model'
import { formatAmount, toHex } from '@dcml/protocol'
import {
  type CodePlace,
  type DeploymentCost,
  type DeploymentTerms,
  deployModelContract,
  deploymentCost,
} from '@dcml/publisher'
import { Command, Option } from 'commander'
import { lines } from '../facts.ts'
import {
  type ContractFlags,
  connect,
  contractOf,
  nearOptions,
  readAccount,
  type SignerFlags,
  withSigner,
} from '../near-flags.ts'
import { decimal, options, readHex32 } from '../options.ts'
import type { Output } from '../output.ts'
import { interrupted } from './interrupted.ts'

interface Flags extends SignerFlags, ContractFlags {
  modelH: string
  imageH?: string[]
  inputPrice: bigint
  outputPrice: bigint
  owner?: string
  beneficiary?: string
  challengeHours?: number
  expiryDays?: number
  closeFee?: bigint
  code: CodePlace
  yes?: boolean
}

const HOUR = 3_600_000

/** `dcml contract deploy`: tells the cost; with `--yes` it pays it. */
export function deployCommand(output: () => Output): Command {
  return withSigner(new Command('deploy'))
    .description('open a contract for a model in a new account without a key; tells the cost, pays it with --yes')
    .addOption(nearOptions.contract())
    .addOption(options.modelH().makeOptionMandatory())
    .addOption(options.imageH())
    .addOption(nearOptions.price('--input-price <price>', 'yours, of a prompt token').makeOptionMandatory())
    .addOption(nearOptions.price('--output-price <price>', 'yours, of a completion token').makeOptionMandatory())
    .option('--owner <account>', 'who may change the terms (default: who signs)')
    .option('--beneficiary <account>', 'who earns (default: who signs)')
    .option('--challenge-hours <hours>', 'how long a forced closure waits for an answer (default: 24)', decimal)
    .option('--expiry-days <days>', 'how long channels live (default: 30)', decimal)
    .addOption(nearOptions.amount('--close-fee <amount>', 'what forcing a closure costs (default: 0.001 NEAR)'))
    .addOption(
      new Option('--code <place>', 'use the shared code, published once per network; or an own copy')
        .choices(['shared', 'own'])
        .default('shared'),
    )
    .option('--yes', 'pay and do it')
    .addOption(options.config())
    .addOption(options.json())
    .action(async (flags: Flags) => {
      const contract = contractOf(flags)
      const account = readAccount(flags)
      const near = await connect(flags)
      const signal = interrupted()
      const { code } = flags
      const terms = termsOf(flags, account.accountId)
      const cost = await deploymentCost({ near, code, signal })
      const plan = `${termLines(terms)}\n${costLines(cost)}`
      if (!flags.yes) {
        output().result(`${plan}\nNothing was sent. Say --yes to deploy ${contract}.`, { deployed: false, cost })
        return
      }
      output().note(plan)
      const deployed = await deployModelContract({ near, account, contract, code, terms, signal })
      output().result(
        [
          `${contract} is open, with the code ${deployed.codeHash}`,
          ...deployed.hashes.map((hash) => `transaction ${hash}`),
          `income from block ${deployed.fromBlock}`,
        ].join('\n'),
        { deployed: true, cost, ...deployed },
      )
    })
}

const termsOf = (flags: Flags, signer: string): DeploymentTerms => ({
  owner: flags.owner ?? signer,
  beneficiary: flags.beneficiary ?? signer,
  modelH: readHex32(flags.modelH),
  prices: { input: flags.inputPrice, output: flags.outputPrice },
  imageHs: (flags.imageH ?? []).map(readHex32),
  ...(flags.challengeHours !== undefined && { challengePeriodMs: Math.round(flags.challengeHours * HOUR) }),
  ...(flags.expiryDays !== undefined && { expiryMs: Math.round(flags.expiryDays * 24 * HOUR) }),
  ...(flags.closeFee !== undefined && { closeFee: flags.closeFee }),
})

const termLines = ({ owner, beneficiary, modelH, prices, imageHs }: DeploymentTerms): string =>
  lines({
    modelH: toHex(modelH),
    imageHs: imageHs.length > 0 ? imageHs.map(toHex) : 'none: no workload may serve it',
    owner,
    beneficiary,
    prices: `${formatPrice(prices.input)} in, ${formatPrice(prices.output)} out`,
  })

const costLines = ({ codeHash, code, balance, fees, total }: DeploymentCost): string =>
  lines({
    code: `${codeHash}${code > 0n ? `, not on this network yet: ${formatAmount(code)} are burnt for publishing it` : ''}`,
    storage: `${formatAmount(balance)}, stay in the account`,
    fees: `${formatAmount(fees)} at most`,
    total: formatAmount(total),
  })
