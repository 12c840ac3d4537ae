import type { AccessKey, Action } from '@dcml/light-client'
import { accessKeyUsage, getAccessKey, setAccessKey, setGasKeyNonce } from '../../state/index.ts'
import { initialNonce } from '../verify/nonce.ts'
import { changeAccount, existing, type Perform } from './work.ts'

/** The nonce is the block's, not the caller's: a key that comes back cannot be used for its old transactions. */
export const addKey: Perform<Extract<Action, { type: 'AddKey' }>> = (work, { publicKey, accessKey }) => {
  const { chunk, receipt } = work
  const { receiverId: account_id } = receipt
  if (getAccessKey(chunk.state, account_id, publicKey))
    return { AddKeyAlreadyExists: { account_id, public_key: publicKey } }
  const { permission } = accessKey
  const nonce = initialNonce(chunk.context.height)
  const gasKey = 'gasKey' in permission ? permission.gasKey : null
  const key: AccessKey = { nonce: gasKey ? 0n : nonce, permission }
  setAccessKey(chunk.state, account_id, publicKey, key)
  for (let i = 0; i < (gasKey?.numNonces ?? 0); i++) setGasKeyNonce(chunk.state, account_id, publicKey, i, nonce)
  const usage = accessKeyUsage(publicKey, key, chunk.context.params.storage.numExtraBytesRecord)
  changeAccount(work, { storageUsage: existing(work).storageUsage + usage })
  return null
}
