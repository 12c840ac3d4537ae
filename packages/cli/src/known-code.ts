import { checkDeployment, checkModelContract } from '@dcml/near/model'
import { DcmlError } from '@dcml/protocol'
import { interrupted } from './commands/interrupted.ts'
import { type ContractFlags, connect, contractOf, type NearFlags } from './near-flags.ts'
import type { Output } from './output.ts'

interface KnownFlags extends NearFlags, ContractFlags {
  /** Hash of the transaction that opened the contract. */
  deployment?: string
}

/**
 * Looks at the code of a contract, and at how it came there, before money goes there.
 * @param what could be kept by code of somebody else's @throws DcmlError `contract_unknown`
 */
export async function requireKnownCode(flags: KnownFlags, what: string, { note }: Output): Promise<void> {
  const contract = contractOf(flags)
  const near = await connect(flags)
  const cancel = { signal: interrupted() }
  const checks = await checkModelContract(near, contract, cancel)
  if (flags.deployment === undefined)
    note(`Not checked: what ${contract} did before it had this code. Its owner can tell the --deployment to check.`)
  else checks.push(await checkDeployment(near, contract, flags.deployment, cancel))
  const failed = checks.filter(({ status }) => status !== 'pass')
  if (failed.length === 0) return
  throw new DcmlError('contract_unknown', `${contract}: ${failed.map(({ why }) => why).join('; ')}.`, {
    hint: `It could keep your ${what}. If you trust it all the same, say --any-code.`,
  })
}
