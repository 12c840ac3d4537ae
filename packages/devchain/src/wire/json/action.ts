// Actions as serde writes them: in state records and inside delegate actions. RPC's views of actions differ.
import type { Action, DelegateAction, DelegateActionV2, GlobalContractIdentifier, StateInit } from '@dcml/light-client'
import { accessKeyJson } from './access-key.ts'
import { toBase64, u64Json } from './scalars.ts'

type Of<T extends Action['type']> = Extract<Action, { type: T }>

const writers: { readonly [T in Action['type']]: (action: Of<T>) => unknown } = {
  CreateAccount: () => ({}),
  DeployContract: ({ code }) => ({ code: toBase64(code) }),
  FunctionCall: ({ methodName, args, gas, deposit }) => ({
    method_name: methodName,
    args: toBase64(args),
    gas: u64Json(gas),
    deposit: deposit.toString(),
  }),
  Transfer: ({ deposit }) => ({ deposit: deposit.toString() }),
  Stake: ({ stake, publicKey }) => ({ stake: stake.toString(), public_key: publicKey }),
  AddKey: ({ publicKey, accessKey }) => ({ public_key: publicKey, access_key: accessKeyJson(accessKey) }),
  DeleteKey: ({ publicKey }) => ({ public_key: publicKey }),
  DeleteAccount: ({ beneficiaryId }) => ({ beneficiary_id: beneficiaryId }),
  Delegate: ({ delegateAction, signature }) => ({ delegate_action: delegateActionJson(delegateAction), signature }),
  DelegateV2: ({ delegateAction, signature }) => ({ delegate_action: delegateActionV2Json(delegateAction), signature }),
  DeployGlobalContract: ({ code, mode }) => ({ code: toBase64(code), deploy_mode: mode }),
  UseGlobalContract: ({ contract }) => ({ contract_identifier: globalContractJson(contract) }),
  DeterministicStateInit: ({ stateInit, deposit }) => ({
    state_init: { V1: stateInitJson(stateInit) },
    deposit: deposit.toString(),
  }),
  TransferToGasKey: ({ publicKey, deposit }) => ({ public_key: publicKey, deposit: deposit.toString() }),
  WithdrawFromGasKey: ({ publicKey, amount }) => ({ public_key: publicKey, amount: amount.toString() }),
}

/** `{ Transfer: { deposit: '1' } }` */
export const actionJson = (action: Action): Record<string, unknown> => ({
  [action.type]: (writers[action.type] as (action: Action) => unknown)(action),
})

const delegated = (action: DelegateAction) => ({
  sender_id: action.senderId,
  receiver_id: action.receiverId,
  actions: action.actions.map(actionJson),
})

export const delegateActionJson = (action: DelegateAction): Record<string, unknown> => ({
  ...delegated(action),
  nonce: u64Json(action.nonce),
  max_block_height: u64Json(action.maxBlockHeight),
  public_key: action.publicKey,
})

const nonceJson = ({ nonce, nonceIndex }: DelegateActionV2) =>
  nonceIndex === undefined
    ? { Nonce: { nonce: u64Json(nonce) } }
    : { GasKeyNonce: { nonce: u64Json(nonce), nonce_index: nonceIndex } }

export const delegateActionV2Json = (action: DelegateActionV2): Record<string, unknown> => ({
  V2: {
    ...delegated(action),
    nonce: nonceJson(action),
    max_block_height: u64Json(action.maxBlockHeight),
    public_key: action.publicKey,
  },
})

export const globalContractJson = (id: GlobalContractIdentifier): Record<string, string> =>
  id.type === 'CodeHash' ? { CodeHash: id.codeHash } : { AccountId: id.accountId }

export const stateInitJson = ({ code, data }: StateInit): Record<string, unknown> => ({
  code: globalContractJson(code),
  data: Object.fromEntries(data.map(([key, value]) => [toBase64(key), toBase64(value)])),
})
