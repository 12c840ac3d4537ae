// The reading half of `action.ts`.
import type { Action, DelegateAction, DelegateActionV2, GlobalContractIdentifier } from '@dcml/light-client'
import * as v from 'valibot'
import { accessKey } from './access-key.ts'
import { accountId, amount, base64, hash, publicKey, signature, u16, u64 } from './scalars.ts'

export const globalContract: v.GenericSchema<unknown, GlobalContractIdentifier> = v.union([
  v.pipe(
    v.object({ CodeHash: hash }),
    v.transform(({ CodeHash }) => ({ type: 'CodeHash' as const, codeHash: CodeHash })),
  ),
  v.pipe(
    v.object({ AccountId: accountId }),
    v.transform(({ AccountId }) => ({ type: 'AccountId' as const, accountId: AccountId })),
  ),
])

const stateInit = v.pipe(
  v.object({ V1: v.object({ code: globalContract, data: v.record(v.string(), base64) }) }),
  v.transform(({ V1: { code, data } }) => ({
    code,
    data: Object.entries(data)
      .map(([key, value]) => [v.parse(base64, key), value] as const)
      .sort(([a], [b]) => Buffer.compare(a, b)),
  })),
)

const body = { sender_id: accountId, receiver_id: accountId, actions: v.array(v.lazy(() => action)) }
const end = { max_block_height: u64, public_key: publicKey }

const delegateAction = v.pipe(
  v.object({ ...body, nonce: u64, ...end }),
  v.transform(
    (json): DelegateAction => ({
      senderId: json.sender_id,
      receiverId: json.receiver_id,
      actions: json.actions,
      nonce: json.nonce,
      maxBlockHeight: json.max_block_height,
      publicKey: json.public_key,
    }),
  ),
)

const delegateNonce = v.union([
  v.pipe(
    v.object({ Nonce: v.object({ nonce: u64 }) }),
    v.transform(({ Nonce }) => ({ nonce: Nonce.nonce })),
  ),
  v.pipe(
    v.object({ GasKeyNonce: v.object({ nonce: u64, nonce_index: u16 }) }),
    v.transform(({ GasKeyNonce }) => ({ nonce: GasKeyNonce.nonce, nonceIndex: GasKeyNonce.nonce_index })),
  ),
])
const delegateActionV2 = v.pipe(
  v.object({ V2: v.object({ ...body, nonce: delegateNonce, ...end }) }),
  v.transform(
    ({ V2: json }): DelegateActionV2 => ({
      senderId: json.sender_id,
      receiverId: json.receiver_id,
      actions: json.actions,
      ...json.nonce,
      maxBlockHeight: json.max_block_height,
      publicKey: json.public_key,
    }),
  ),
)

const variant = <const K extends string, S extends v.GenericSchema, A extends Action>(
  name: K,
  schema: S,
  make: (json: v.InferOutput<S>) => A,
) =>
  v.pipe(
    v.object({ [name]: schema } as Record<K, S>),
    v.transform((json) => make((json as Record<K, v.InferOutput<S>>)[name])),
  )

/** An action as serde writes it. */
export const action: v.GenericSchema<unknown, Action> = v.union([
  variant('CreateAccount', v.object({}), () => ({ type: 'CreateAccount' })),
  variant('DeployContract', v.object({ code: base64 }), ({ code }) => ({ type: 'DeployContract', code })),
  variant(
    'FunctionCall',
    v.object({ method_name: v.string(), args: base64, gas: u64, deposit: amount }),
    ({ method_name: methodName, args, gas, deposit }) => ({ type: 'FunctionCall', methodName, args, gas, deposit }),
  ),
  variant('Transfer', v.object({ deposit: amount }), ({ deposit }) => ({ type: 'Transfer', deposit })),
  variant('Stake', v.object({ stake: amount, public_key: publicKey }), ({ stake, public_key }) => ({
    type: 'Stake',
    stake,
    publicKey: public_key,
  })),
  variant('AddKey', v.object({ public_key: publicKey, access_key: accessKey }), ({ public_key, access_key }) => ({
    type: 'AddKey',
    publicKey: public_key,
    accessKey: access_key,
  })),
  variant('DeleteKey', v.object({ public_key: publicKey }), (json) => ({
    type: 'DeleteKey',
    publicKey: json.public_key,
  })),
  variant('DeleteAccount', v.object({ beneficiary_id: accountId }), (json) => ({
    type: 'DeleteAccount',
    beneficiaryId: json.beneficiary_id,
  })),
  variant('Delegate', v.object({ delegate_action: delegateAction, signature }), (json) => ({
    type: 'Delegate',
    delegateAction: json.delegate_action,
    signature: json.signature,
  })),
  variant('DelegateV2', v.object({ delegate_action: delegateActionV2, signature }), (json) => ({
    type: 'DelegateV2',
    delegateAction: json.delegate_action,
    signature: json.signature,
  })),
  variant(
    'DeployGlobalContract',
    v.object({ code: base64, deploy_mode: v.picklist(['CodeHash', 'AccountId']) }),
    ({ code, deploy_mode: mode }) => ({ type: 'DeployGlobalContract', code, mode }),
  ),
  variant('UseGlobalContract', v.object({ contract_identifier: globalContract }), (json) => ({
    type: 'UseGlobalContract',
    contract: json.contract_identifier,
  })),
  variant('DeterministicStateInit', v.object({ state_init: stateInit, deposit: amount }), (json) => ({
    type: 'DeterministicStateInit',
    stateInit: json.state_init,
    deposit: json.deposit,
  })),
  variant('TransferToGasKey', v.object({ public_key: publicKey, deposit: amount }), (json) => ({
    type: 'TransferToGasKey',
    publicKey: json.public_key,
    deposit: json.deposit,
  })),
  variant('WithdrawFromGasKey', v.object({ public_key: publicKey, amount }), (json) => ({
    type: 'WithdrawFromGasKey',
    publicKey: json.public_key,
    amount: json.amount,
  })),
])
