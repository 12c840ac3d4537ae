import type { Call } from '../call.ts'
import { readAccountId } from '../text.ts'
import { type HostFunction, type HostTable, procedure, u64 } from './define.ts'

/** Writes an amount into guest memory. */
const amount = (value: (call: Call) => bigint): HostFunction =>
  procedure((call, pointer) => {
    call.pay('base')
    call.writeU128(pointer, value(call))
  })

export const economics: HostTable = {
  account_balance: amount((call) => call.balance),
  account_locked_balance: amount((call) => call.context.accountLockedBalance),
  attached_deposit: amount((call) => call.context.attachedDeposit),

  prepaid_gas: u64((call) => {
    call.pay('base')
    call.denyInView('prepaid_gas')
    return call.context.prepaidGas
  }),

  used_gas: u64((call) => {
    call.pay('base')
    call.denyInView('used_gas')
    return call.gas.used
  }),

  validator_stake: procedure((call, idLength, idPointer, pointer) => {
    call.pay('base')
    const accountId = readAccountId(call, idLength, idPointer)
    call.pay('validator_stake_base')
    call.writeU128(pointer, call.external.validatorStake(accountId) ?? 0n)
  }),

  validator_total_stake: procedure((call, pointer) => {
    call.pay('base')
    call.pay('validator_total_stake_base')
    call.writeU128(pointer, call.external.validatorTotalStake())
  }),
}
