import { DcmlError, utf8 } from '@dcml/protocol'
import { actions } from 'near-api-js'
import { tgas } from '../contract/contract.ts'
import { sendTransaction } from '../transaction.ts'
import type { PorRules } from './account.ts'
import type { PorOptions } from './calls.ts'

/** For each byte that an account holds, in yoctoNEAR. */
const PER_BYTE = 10n ** 19n
/** Of the account itself and the contract's state, before any node pays for its own place. */
const ROOM = 20n * 10n ** 21n
const OPEN_GAS = tgas(20)

/**
 * Opens a Proof of Response network: makes an account, gives it the code and the rules, all in one transaction or not at
 * all. The account has no key, so nobody can change code or rules. What the storage of the code takes stays in it: about
 * 5 NEAR.
 * @param options.contract one level below the account that pays
 * @param options.wasm `@dcml/contract-por/por.wasm`
 * @throws DcmlError `contract_name_invalid`, and what `sendTransaction` throws
 */
export async function deployPorContract(
  options: PorOptions & { readonly rules: PorRules; readonly wasm: Uint8Array },
): Promise<{ readonly hash: string }> {
  const { near, contract, account, rules, wasm, ...sending } = options
  const parent = contract.slice(contract.indexOf('.') + 1)
  if (!contract.includes('.') || parent !== account.accountId)
    throw new DcmlError('contract_name_invalid', `${contract} is not one level below ${account.accountId}.`, {
      hint: `NEAR lets an account make accounts below itself only: name it something.${account.accountId}.`,
    })
  const opening = {
    treasury: rules.treasury,
    min_stake: `${rules.minStake}`,
    penalty: `${rules.penalty}`,
    slash_bps: `${rules.slashBps}`,
    bounty: `${rules.bounty}`,
    activation_ms: `${rules.activationMs}`,
    close_notice_ms: `${rules.closeNoticeMs}`,
    challenge_ms: `${rules.challengeMs}`,
    reimbursement_ms: `${rules.reimbursementMs}`,
  }
  const { hash } = await sendTransaction(near, {
    ...sending,
    account,
    receiverId: contract,
    actions: [
      actions.createAccount(),
      actions.transfer(BigInt(wasm.length) * PER_BYTE + ROOM),
      actions.deployContract(wasm),
      actions.functionCall('open', utf8(JSON.stringify({ rules: opening })), OPEN_GAS, 0n),
    ],
  })
  return { hash }
}
