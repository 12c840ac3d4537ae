// What comes back after a receipt (nearcore `refund_unspent_gas_and_deposits`): gas that was bought and not used, the
// difference between the price it was bought and burnt at, and the deposit of a failure.
import type { AccountId, PublicKey } from '@dcml/light-client'
import type { Params } from '../params/types.ts'
import type { ActionReceipt, Receipt } from '../wire/types.ts'
import { SYSTEM } from './account-id.ts'
import { larger, smaller } from './amounts.ts'
import type { NewReceipt } from './chunk.ts'
import { receiptGas, totalDeposit } from './cost.ts'
import { EMPTY_KEY } from './public-key.ts'

/** How a receipt ended, as far as money is concerned. */
export interface GasBill {
  readonly failed: boolean
  readonly gasBurnt: bigint
  /** Burnt, and taken along by new receipts. */
  readonly gasUsed: bigint
  /** yoctoNEAR per gas: what burnt gas costs now. */
  readonly burnPrice: bigint
  readonly createdAccount: boolean
}

export interface Refunds {
  readonly receipts: readonly NewReceipt[]
  /** yoctoNEAR burnt beside the gas: a penalty for unused gas, and what creating an account costs more than its gas. */
  readonly extraBurnt: bigint
}

export function refund(params: Params, receipt: Receipt, body: ActionReceipt, bill: GasBill): Refunds {
  const { economics } = params
  const { failed, gasBurnt, gasUsed, burnPrice, createdAccount } = bill
  const unused = receiptGas(params, body.actions, receipt.receiverId) - (failed ? gasBurnt : gasUsed)
  const penalty = burnPrice * unusedGasPenalty(params, unused)
  const priceDifference = (body.gasPrice - burnPrice) * gasBurnt
  const accountCharge = createdAccount
    ? smaller(
        larger(economics.accountCreationCharge - burnPrice * params.fees.create_account.execution, 0n),
        priceDifference,
      )
    : 0n
  const gasRefund = body.gasPrice * unused - penalty + priceDifference - accountCharge
  const depositRefund = failed ? totalDeposit(body.actions) : 0n
  const receipts: NewReceipt[] = []
  if (depositRefund > 0n) receipts.push(balanceRefund(body.refundTo ?? receipt.predecessorId, depositRefund))
  if (gasRefund > 0n) receipts.push(refundOfGas(body.signerId, body.signerPublicKey, gasRefund))
  return { receipts, extraBurnt: penalty + accountCharge }
}

/** NEP-536; zero with today's parameters. */
function unusedGasPenalty({ economics }: Params, unused: bigint): bigint {
  const [numerator, denominator] = economics.gasRefundPenalty
  return smaller(unused, larger((unused * numerator) / denominator, economics.minGasRefundPenalty))
}

/** Tokens for somebody, from nobody: refunds of deposits, and what a deleted account leaves. */
export const balanceRefund = (receiverId: AccountId, deposit: bigint): NewReceipt =>
  systemTransfer(receiverId, SYSTEM, EMPTY_KEY, deposit)

/** Names signer and key, so that a key's allowance or balance gets its gas back. */
const refundOfGas = (signerId: AccountId, key: PublicKey, deposit: bigint): NewReceipt =>
  systemTransfer(signerId, signerId, key, deposit)

const systemTransfer = (
  receiverId: AccountId,
  signerId: AccountId,
  signerPublicKey: PublicKey,
  deposit: bigint,
): NewReceipt => ({
  predecessorId: SYSTEM,
  receiverId,
  body: {
    type: 'Action',
    signerId,
    signerPublicKey,
    gasPrice: 0n,
    outputDataReceivers: [],
    inputDataIds: [],
    actions: [{ type: 'Transfer', deposit }],
  },
})
