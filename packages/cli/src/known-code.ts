import { checkModelContract } from '@dcml/near/model'
import { DcmlError } from '@dcml/protocol'
import { interrupted } from './commands/interrupted.ts'
import { type ContractFlags, connect, contractOf, type NearFlags } from './near-flags.ts'

/**
 * Looks at the code of a contract before money goes there.
 * @param what could be kept by code of somebody else's @throws DcmlError `contract_unknown`
 */
export async function requireKnownCode(flags: NearFlags & ContractFlags, what: string): Promise<void> {
  const contract = contractOf(flags)
  const checks = await checkModelContract(await connect(flags), contract, { signal: interrupted() })
  const failed = checks.filter(({ status }) => status !== 'pass')
  if (failed.length === 0) return
  throw new DcmlError('contract_unknown', `${contract}: ${failed.map(({ why }) => why).join('; ')}.`, {
    hint: `It could keep your ${what}. If you trust it all the same, say --any-code.`,
  })
}
