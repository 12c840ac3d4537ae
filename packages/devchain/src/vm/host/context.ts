import { parseHash } from '@dcml/light-client'
import { utf8 } from '@dcml/protocol'
import type { Call } from '../call.ts'
import type { VmContext } from '../types.ts'
import { gated, type HostFunction, type HostTable, procedure, u64 } from './define.ts'

/** Puts a part of the context into a register. */
const tell = (value: (context: VmContext) => Uint8Array): HostFunction =>
  procedure((call, register) => {
    call.pay('base')
    call.setRegister(register, value(call.context))
  })

/** The same, where a view has no such thing. */
const tellCall = (name: string, value: (context: VmContext) => Uint8Array): HostFunction =>
  procedure((call, register) => {
    call.pay('base')
    call.denyInView(name)
    call.setRegister(register, value(call.context))
  })

const number = (value: (call: Call) => bigint | number): HostFunction =>
  u64((call) => {
    call.pay('base')
    return value(call)
  })

export const context: HostTable = {
  current_account_id: tell((of) => utf8(of.currentAccountId)),
  chain_id: gated(
    'chain_id_host_fn',
    tell((of) => utf8(of.chainId)),
  ),
  signer_account_id: tellCall('signer_account_id', (of) => utf8(of.signerAccountId)),
  signer_account_pk: tellCall('signer_account_pk', (of) => of.signerAccountPk),
  predecessor_account_id: tellCall('predecessor_account_id', (of) => utf8(of.predecessorAccountId)),
  refund_to_account_id: tellCall('refund_to_account_id', (of) => utf8(of.refundToAccountId)),

  input: procedure((call, register) => {
    call.pay('base')
    call.setRegisterByReference(register, call.context.input)
  }),

  block_index: number((call) => call.context.blockHeight),
  block_timestamp: number((call) => call.context.blockTimestamp),
  epoch_height: number((call) => call.context.epochHeight),
  storage_usage: number((call) => call.storageUsage),
  random_seed: tell((of) => of.randomSeed),

  current_contract_code: u64((call, register) => {
    call.pay('base')
    const contract = call.context.accountContract
    switch (contract.type) {
      case 'None':
        return 0
      case 'Local':
        call.setRegister(register, parseHash(contract.codeHash))
        return 1
      case 'Global':
        call.setRegister(register, parseHash(contract.codeHash))
        return 2
      case 'GlobalByAccount':
        call.setRegister(register, utf8(contract.accountId))
        return 3
    }
  }),
}
