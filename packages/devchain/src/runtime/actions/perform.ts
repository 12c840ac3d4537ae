import type { Action } from '@dcml/light-client'
import { addKey } from './add-key.ts'
import { createAccount } from './create-account.ts'
import { delegate } from './delegate.ts'
import { deleteAccount } from './delete-account.ts'
import { deleteKey } from './delete-key.ts'
import { deployContract } from './deploy-contract.ts'
import { deployGlobalContract } from './deploy-global-contract.ts'
import { deterministicStateInit } from './deterministic-state-init.ts'
import { functionCall } from './function-call.ts'
import { transferToGasKey, withdrawFromGasKey } from './gas-key.ts'
import { stake } from './stake.ts'
import { transfer } from './transfer.ts'
import { useGlobalContract } from './use-global-contract.ts'
import type { Perform } from './work.ts'

type Performers = { readonly [Type in Action['type']]: Perform<Extract<Action, { type: Type }>> }

const performers: Performers = {
  CreateAccount: createAccount,
  DeployContract: deployContract,
  FunctionCall: functionCall,
  Transfer: transfer,
  Stake: stake,
  AddKey: addKey,
  DeleteKey: deleteKey,
  DeleteAccount: deleteAccount,
  Delegate: delegate,
  DelegateV2: delegate,
  DeployGlobalContract: deployGlobalContract,
  UseGlobalContract: useGlobalContract,
  DeterministicStateInit: deterministicStateInit,
  TransferToGasKey: transferToGasKey,
  WithdrawFromGasKey: withdrawFromGasKey,
}

/** Runs an action that {@link forbidden} let through. */
export const perform: Perform<Action> = (work, action, index) =>
  (performers[action.type] as Perform<Action>)(work, action, index)
