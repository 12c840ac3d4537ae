// Contracts deployed once for everybody (NEP-591) and accounts derived from them (NEP-616).
import { formatHash, type GlobalContractIdentifier } from '@dcml/light-client'
import type { Call } from '../call.ts'
import { payFee } from '../fees.ts'
import { hostError } from '../host-error.ts'
import { readAccountId } from '../text.ts'
import { receiptOf, takeCode } from './actions.ts'
import { gated, type HostFunction, type HostTable, procedure, u64 } from './define.ts'

type ReadIdentifier = (call: Call, length: bigint, pointer: bigint) => GlobalContractIdentifier

/** @throws HostError `ContractCodeHashMalformed` */
const byHash: ReadIdentifier = (call, length, pointer) => {
  const bytes = call.readAny(pointer, length)
  if (bytes.length !== 32) throw hostError('ContractCodeHashMalformed')
  return { type: 'CodeHash', codeHash: formatHash(bytes) }
}

const byAccount: ReadIdentifier = (call, length, pointer) => ({
  type: 'AccountId',
  accountId: readAccountId(call, length, pointer),
})

const deploy = (name: string, mode: 'CodeHash' | 'AccountId'): HostFunction =>
  procedure((call, promise, length, pointer) => {
    call.pay('base')
    call.denyInView(name)
    const code = takeCode(call, length, pointer)
    const { receipt, sir } = receiptOf(call, promise)
    payFee(call, 'deploy_global_contract', sir)
    payFee(call, 'deploy_global_contract_per_byte', sir, code.length)
    call.promises.append(receipt, { type: 'DeployGlobalContract', code, mode })
  })

const use = (name: string, identify: ReadIdentifier): HostFunction =>
  procedure((call, promise, length, pointer) => {
    call.pay('base')
    call.denyInView(name)
    const contract = identify(call, length, pointer)
    const { receipt, sir } = receiptOf(call, promise)
    payFee(call, 'use_global_contract', sir)
    const idLength = contract.type === 'CodeHash' ? 32 : contract.accountId.length
    payFee(call, 'use_global_contract_per_identifier_byte', sir, idLength)
    call.promises.append(receipt, { type: 'UseGlobalContract', contract })
  })

const stateInit = (name: string, identify: ReadIdentifier): HostFunction =>
  u64((call, promise, length, pointer, amountPointer) => {
    call.pay('base')
    call.denyInView(name)
    const code = identify(call, length, pointer)
    const deposit = call.readU128(amountPointer)
    const { receipt, sir } = receiptOf(call, promise)
    payFee(call, 'deterministic_state_init', sir)
    call.spend(deposit)
    const action = { type: 'DeterministicStateInit', stateInit: { code, data: [] }, deposit } as const
    return call.promises.append(receipt, action)
  })

export const globalContracts: HostTable = {
  promise_batch_action_deploy_global_contract: gated(
    'global_contract_host_fns',
    deploy('promise_batch_action_deploy_global_contract', 'CodeHash'),
  ),
  promise_batch_action_deploy_global_contract_by_account_id: gated(
    'global_contract_host_fns',
    deploy('promise_batch_action_deploy_global_contract_by_account_id', 'AccountId'),
  ),
  promise_batch_action_use_global_contract: gated(
    'global_contract_host_fns',
    use('promise_batch_action_use_global_contract', byHash),
  ),
  promise_batch_action_use_global_contract_by_account_id: gated(
    'global_contract_host_fns',
    use('promise_batch_action_use_global_contract_by_account_id', byAccount),
  ),
  promise_batch_action_state_init: stateInit('promise_batch_action_state_init', byHash),
  promise_batch_action_state_init_by_account_id: stateInit('promise_batch_action_state_init_by_account_id', byAccount),

  set_state_init_data_entry: procedure((call, promise, index, keyLength, key, valueLength, value) => {
    call.pay('base')
    call.denyInView('set_state_init_data_entry')
    const { receipt, sir } = receiptOf(call, promise)
    const entry = [call.take(key, keyLength), call.take(value, valueLength)] as const
    payFee(call, 'deterministic_state_init_per_entry', sir)
    payFee(call, 'deterministic_state_init_per_byte', sir, entry[0].length + entry[1].length)
    addEntry(call, receipt, BigInt.asUintN(64, index), entry)
  }),
}

type Entry = readonly [key: Uint8Array, value: Uint8Array]

/** Entries stay sorted by key. @throws HostError `InvalidActionIndex`, `DataEntryAlreadyExists` */
function addEntry(call: Call, receipt: number, index: bigint, entry: Entry): void {
  const { actions } = call.promises.receipts[receipt]!
  const action = actions[Number(index)]
  if (action?.type !== 'DeterministicStateInit')
    throw hostError('InvalidActionIndex', { receipt_index: receipt, action_index: index })
  const { code, data } = action.stateInit
  const order = data.map(([key]) => Buffer.compare(key, entry[0]))
  if (order.includes(0)) throw hostError('DataEntryAlreadyExists')
  const at = order.findIndex((sign) => sign > 0)
  const sorted = data.toSpliced(at === -1 ? data.length : at, 0, entry)
  actions[Number(index)] = { ...action, stateInit: { code, data: sorted } }
}
