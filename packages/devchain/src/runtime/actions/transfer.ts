import type { Action, PublicKey } from '@dcml/light-client'
import { type Account, accessKeyUsage, getAccessKey, setAccessKey } from '../../state/index.ts'
import { accountType, SYSTEM } from '../account-id.ts'
import { ethWalletCodeHash } from '../eth-wallet.ts'
import { keyOfImplicitAccount } from '../public-key.ts'
import { initialNonce } from '../verify/nonce.ts'
import { changeAccount, existing, type Perform, type Work } from './work.ts'

const U128_MAX = 2n ** 128n - 1n

/** Tokens for an account; alone in a receipt it also brings implicit accounts to life. */
export const transfer: Perform<Extract<Action, { type: 'Transfer' }>> = (work, { deposit }) => {
  const { receipt, body } = work
  if (!work.account) {
    work.actorId = receipt.receiverId
    work.account = implicitAccount(work, deposit)
    return null
  }
  const isGasRefund = receipt.predecessorId === SYSTEM && body.signerId === receipt.receiverId
  if (isGasRefund && refundToGasKey(work, body.signerPublicKey, deposit)) return null
  changeAccount(work, { amount: existing(work).amount + deposit })
  if (isGasRefund) refundAllowance(work, body.signerPublicKey, deposit)
  return null
}

function implicitAccount({ chunk, receipt }: Work, amount: bigint): Account {
  const { params, chainId, height } = chunk.context
  const { numBytesAccount, numExtraBytesRecord } = params.storage
  const bare: Account = { amount, locked: 0n, storageUsage: numBytesAccount, contract: { type: 'None' } }
  switch (accountType(receipt.receiverId)) {
    case 'NearImplicit': {
      const key = keyOfImplicitAccount(receipt.receiverId)
      const accessKey = { nonce: initialNonce(height), permission: { type: 'FullAccess' } } as const
      setAccessKey(chunk.state, receipt.receiverId, key, accessKey)
      return { ...bare, storageUsage: numBytesAccount + accessKeyUsage(key, accessKey, numExtraBytesRecord) }
    }
    case 'EthImplicit': {
      const codeHash = ethWalletCodeHash(chainId)
      return { ...bare, storageUsage: numBytesAccount + 32n, contract: { type: 'Global', codeHash } }
    }
    default:
      return bare
  }
}

/** Gas that a gas key bought goes back to the key, if it is still there. */
function refundToGasKey({ chunk, receipt }: Work, publicKey: PublicKey, deposit: bigint): boolean {
  const key = getAccessKey(chunk.state, receipt.receiverId, publicKey)
  if (!key || !('gasKey' in key.permission)) return false
  const { gasKey } = key.permission
  const permission = { ...key.permission, gasKey: { ...gasKey, balance: gasKey.balance + deposit } }
  setAccessKey(chunk.state, receipt.receiverId, publicKey, { ...key, permission })
  return true
}

/** Gas that a function-call key paid for counts towards its allowance again. */
function refundAllowance({ chunk, receipt }: Work, publicKey: PublicKey, deposit: bigint): void {
  const key = getAccessKey(chunk.state, receipt.receiverId, publicKey)
  if (key?.permission.type !== 'FunctionCall' || key.permission.allowance === null) return
  const sum = key.permission.allowance + deposit
  const allowance = sum < U128_MAX ? sum : U128_MAX
  setAccessKey(chunk.state, receipt.receiverId, publicKey, { ...key, permission: { ...key.permission, allowance } })
}
