import { demand, Refusal } from '../check.ts'
import type { AccountId, Action, SignedTransaction } from '../transaction/types.ts'

/** What a transaction asked a contract to do. */
export interface ProvenCall {
  /** Who signed the call, and whom the contract saw as its predecessor. */
  readonly signerId: AccountId
  /** Who sent it for the signer and paid the gas (NEP-366); null where the signer did. */
  readonly relayerId: AccountId | null
  readonly contractId: AccountId
  readonly methodName: string
  readonly args: Uint8Array
  /** Attached gas, not what was burnt. */
  readonly gas: bigint
  /** yoctoNEAR. */
  readonly deposit: bigint
}

/**
 * The one call a transaction makes. Of several actions in a batch the outcome would not tell which one logged what.
 * @throws Refusal where it makes none, or anything besides
 */
export function onlyCall({ transaction: { signerId, receiverId, actions } }: SignedTransaction): ProvenCall {
  const action = onlyAction(actions)
  if (action.type !== 'Delegate' && action.type !== 'DelegateV2') return call(action, signerId, receiverId, null)
  const { senderId, receiverId: contractId, actions: delegated } = action.delegateAction
  demand(senderId === receiverId, () => `the delegate action of ${senderId} was sent to ${receiverId}`)
  return call(onlyAction(delegated), senderId, contractId, signerId)
}

function call(action: Action, signerId: AccountId, contractId: AccountId, relayerId: AccountId | null): ProvenCall {
  if (action.type !== 'FunctionCall') throw new Refusal(`its action is ${action.type}, not a function call`)
  const { methodName, args, gas, deposit } = action
  return { signerId, relayerId, contractId, methodName, args, gas, deposit }
}

function onlyAction(actions: readonly Action[]): Action {
  const [action] = actions
  if (action === undefined || actions.length > 1) throw new Refusal(`it has ${actions.length} actions, not one`)
  return action
}
