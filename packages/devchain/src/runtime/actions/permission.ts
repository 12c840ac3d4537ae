// Whether an action may be tried on its receiver at all (nearcore `check_account_existence`, `check_actor_permissions`).
import type { Action } from '@dcml/light-client'
import { isImplicit, SYSTEM } from '../account-id.ts'
import type { ActionErrorKind, Work } from './work.ts'

export const forbidden = (work: Work, action: Action): ActionErrorKind | null =>
  wrongExistence(work, action) ?? wrongActor(work, action)

function wrongExistence({ account, receipt, body }: Work, action: Action): ActionErrorKind | null {
  const account_id = receipt.receiverId
  switch (action.type) {
    case 'CreateAccount':
      if (account) return { AccountAlreadyExists: { account_id } }
      // who creates an account may add keys: nobody else may do so to one that belongs to a key already
      return isImplicit(account_id) ? { OnlyImplicitAccountCreationAllowed: { account_id } } : null
    case 'Transfer': {
      const creates = isImplicit(account_id) && body.actions.length === 1 && receipt.predecessorId !== SYSTEM
      return account || creates ? null : { AccountDoesNotExist: { account_id } }
    }
    case 'DeterministicStateInit':
      return null
    default:
      return account ? null : { AccountDoesNotExist: { account_id } }
  }
}

function wrongActor({ account, actorId, receipt }: Work, action: Action): ActionErrorKind | null {
  const account_id = receipt.receiverId
  switch (action.type) {
    case 'DeployContract':
    case 'Stake':
    case 'AddKey':
    case 'DeleteKey':
    case 'DeployGlobalContract':
    case 'UseGlobalContract':
    case 'WithdrawFromGasKey':
    case 'DeleteAccount':
      if (actorId !== account_id) return { ActorNoPermission: { account_id, actor_id: actorId } }
      return action.type === 'DeleteAccount' && account && account.locked > 0n
        ? { DeleteAccountStaking: { account_id } }
        : null
    default:
      return null
  }
}
