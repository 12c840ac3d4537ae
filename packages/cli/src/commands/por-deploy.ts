import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { deployPorContract, type PorRules } from '@dcml/near/por'
import { formatAmount } from '@dcml/protocol'
import { Command } from 'commander'
import { lines } from '../facts.ts'
import { connect, nearOptions, type PorFlags, porOf, readAccount, type SignerFlags, withSigner } from '../near-flags.ts'
import { decimal, options } from '../options.ts'
import type { Output } from '../output.ts'
import { interrupted } from './interrupted.ts'

interface Flags extends SignerFlags, PorFlags {
  treasury?: string
  minStake: bigint
  penalty: bigint
  slash: number
  bounty: bigint
  activation: number
  closeNotice: number
  challenge: number
  window: number
  yes?: boolean
}

/** `dcml por deploy`: a network of its own. */
export function deployCommand(output: () => Output): Command {
  return withSigner(new Command('deploy'))
    .description('open a network: a contract in a new account without a key, so that its rules stay; --yes does it')
    .addOption(nearOptions.por())
    .option('--treasury <account>', 'where penalties go in the end (default: who signs)')
    .addOption(nearOptions.amount('--min-stake <amount>', 'of a node').default(10n ** 24n, '1 NEAR'))
    .addOption(
      nearOptions.amount('--penalty <amount>', 'for cutting an edge, half at each end').default(10n ** 23n, '0.1 NEAR'),
    )
    .option('--slash <percent>', 'of its stake that a node loses when it is cut off', decimal, 1)
    .addOption(
      nearOptions
        .amount('--bounty <amount>', 'of the penalty, for who carries a cut out')
        .default(10n ** 21n, '0.001 NEAR'),
    )
    .option('--activation <seconds>', 'until a confirmed edge connects', decimal, 60)
    .option('--close-notice <seconds>', 'before a closing edge can be settled', decimal, 900)
    .option('--challenge <seconds>', 'for vouchers before an edge is settled', decimal, 86_400)
    .option('--window <seconds>', 'that penalties wait for a proof of who was cut off', decimal, 604_800)
    .option('--yes', 'do it')
    .addOption(options.config())
    .addOption(options.json())
    .action(async (flags: Flags) => {
      const contract = porOf(flags)
      const account = readAccount(flags)
      const rules = rulesOf(flags, account.accountId)
      const wasm = porWasm()
      const plan = lines({
        treasury: rules.treasury,
        stake: `${formatAmount(rules.minStake)} at least, ${flags.slash} % lost by who is cut off`,
        penalty: `${formatAmount(rules.penalty)} per cut, ${formatAmount(rules.bounty)} of it for who carries it out`,
        times: `connects after ${flags.activation} s, closes after ${flags.closeNotice} s, settles after ${flags.challenge} s, penalties wait ${flags.window} s`,
        cost: `${formatAmount(BigInt(wasm.length) * 10n ** 19n)} for the storage of the code, and gas`,
      })
      if (!flags.yes) {
        output().result(`${plan}\nNothing was sent. Say --yes to deploy ${contract}.`, { deployed: false })
        return
      }
      output().note(plan)
      const near = await connect(flags)
      const { hash } = await deployPorContract({ near, account, contract, rules, wasm, signal: interrupted() })
      output().result(`${contract} is open\ntransaction ${hash}`, { deployed: true, contract, transaction: hash })
    })
}

const porWasm = (): Uint8Array =>
  Uint8Array.from(readFileSync(createRequire(import.meta.url).resolve('@dcml/contract-por/por.wasm')))

const ms = (seconds: number): bigint => BigInt(Math.round(seconds * 1000))

const rulesOf = (flags: Flags, signer: string): PorRules => ({
  treasury: flags.treasury ?? signer,
  minStake: flags.minStake,
  penalty: flags.penalty,
  slashBps: Math.round(flags.slash * 100),
  bounty: flags.bounty,
  activationMs: ms(flags.activation),
  closeNoticeMs: ms(flags.closeNotice),
  challengeMs: ms(flags.challenge),
  reimbursementMs: ms(flags.window),
})
