// Moving tokens between an account and its gas keys, which pay for gas by themselves.
import type { AccessKey, Action, PublicKey } from '@dcml/light-client'
import { getAccessKey, setAccessKey } from '../../state/index.ts'
import { amountJson } from '../json.ts'
import { type ActionErrorKind, changeAccount, existing, type Perform, type Work } from './work.ts'

/** A key or account is not deleted while its gas keys hold more than 1 NEAR: it would be burnt. */
export const MAX_GAS_KEY_BALANCE_BURNT = 10n ** 24n

/** Anybody may fill a gas key; the deposit came with the receipt. */
export const transferToGasKey: Perform<Extract<Action, { type: 'TransferToGasKey' }>> = (
  work,
  { publicKey, deposit },
) => {
  const key = gasKeyOf(work, publicKey)
  if (!key) return missing(work, publicKey)
  setBalance(work, publicKey, key, key.permission.gasKey.balance + deposit)
  return null
}

export const withdrawFromGasKey: Perform<Extract<Action, { type: 'WithdrawFromGasKey' }>> = (
  work,
  { publicKey, amount },
) => {
  const key = gasKeyOf(work, publicKey)
  if (!key) return missing(work, publicKey)
  const { balance } = key.permission.gasKey
  if (balance < amount)
    return {
      InsufficientGasKeyBalance: {
        account_id: work.receipt.receiverId,
        public_key: publicKey,
        balance: amountJson(balance),
        required: amountJson(amount),
      },
    }
  setBalance(work, publicKey, key, balance - amount)
  changeAccount(work, { amount: existing(work).amount + amount })
  return null
}

type GasKey = AccessKey & { readonly permission: Extract<AccessKey['permission'], { gasKey: unknown }> }

function gasKeyOf({ chunk, receipt }: Work, publicKey: PublicKey): GasKey | null {
  const key = getAccessKey(chunk.state, receipt.receiverId, publicKey)
  return key && 'gasKey' in key.permission ? (key as GasKey) : null
}

const setBalance = ({ chunk, receipt }: Work, publicKey: PublicKey, key: GasKey, balance: bigint): void =>
  setAccessKey(chunk.state, receipt.receiverId, publicKey, {
    ...key,
    permission: { ...key.permission, gasKey: { ...key.permission.gasKey, balance } },
  })

const missing = ({ receipt }: Work, publicKey: PublicKey): ActionErrorKind => ({
  GasKeyDoesNotExist: { account_id: receipt.receiverId, public_key: publicKey },
})
