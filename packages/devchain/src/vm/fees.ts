// What promises cost: the send fee is burnt, the execution fee goes along with the receipt (nearcore `pay_action_*`).
import type { AccountId } from '@dcml/light-client'
import type { FeeName } from '../params/types.ts'
import type { Call } from './call.ts'
import type { Price } from './prices.ts'
import { actionCost } from './profile.ts'

const sendPrice = (price: Price, sir: boolean): number => (sir ? price.sir : price.notSir)

/** Charges a fee `count` times. `sir`: the contract promises to itself. @throws HostError when gas runs out */
export function payFee(call: Call, fee: FeeName, sir: boolean, count = 1): void {
  const price = call.prices.fees[fee]
  const burn = sendPrice(price, sir) * count
  call.gas.payAction(actionCost(fee), burn, burn + price.execution * count)
}

/** Charges a fee whose execution counts other units than its sending. @throws HostError when gas runs out */
export function payFeeSplit(call: Call, fee: FeeName, sir: boolean, sent: number, executed: number): void {
  const price = call.prices.fees[fee]
  const burn = sendPrice(price, sir) * sent
  call.gas.payAction(actionCost(fee), burn, burn + price.execution * executed)
}

/** Charges a receipt, and the data receipts it will wait for: those are burnt whole. @throws HostError */
export function payNewReceipt(call: Call, sir: boolean, dependencies: readonly boolean[]): void {
  const { action_receipt_creation: receipt, data_receipt_creation_base: data } = call.prices.fees
  const burn = dependencies.reduce(
    (sum, dependencySir) => sum + sendPrice(data, dependencySir) + data.execution,
    sendPrice(receipt, sir),
  )
  call.gas.payAction(actionCost('action_receipt_creation'), burn, burn + receipt.execution)
}

/** Charges a transfer, and the account it may have to create. @throws HostError */
export function payTransfer(call: Call, sir: boolean, receiverId: AccountId): void {
  const prices = transferFees(receiverId).map((fee) => call.prices.fees[fee])
  const burn = prices.reduce((sum, price) => sum + sendPrice(price, sir), 0)
  const execution = prices.reduce((sum, price) => sum + price.execution, 0)
  call.gas.payAction(actionCost('transfer'), burn, burn + execution)
}

function transferFees(receiverId: AccountId): FeeName[] {
  if (/^[0-9a-f]{64}$/.test(receiverId)) return ['transfer', 'create_account', 'add_full_access_key']
  if (/^0[xs][0-9a-f]{40}$/.test(receiverId)) return ['transfer', 'create_account']
  return ['transfer']
}
