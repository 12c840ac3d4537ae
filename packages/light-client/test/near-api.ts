// Our objects in the form near-api-js 7 serialises: the oracle of the codec tests.
import { base58 } from '@scure/base'
import type { Action, Transaction } from '../src/index.ts'

const raw = (text: string) => base58.decode(text.slice(text.indexOf(':') + 1))
const keyed = (text: string, what: 'Key' | 'Signature') => ({
  [`${text.slice(0, text.indexOf(':'))}${what}`]: { data: raw(text) },
})

export const nearKey = (text: string) => keyed(text, 'Key')
export const nearSignature = (text: string) => keyed(text, 'Signature')

export function nearAction(action: Action): object {
  switch (action.type) {
    case 'CreateAccount':
      return { createAccount: {} }
    case 'DeployContract':
      return { deployContract: { code: action.code } }
    case 'FunctionCall':
      return { functionCall: action }
    case 'Transfer':
      return { transfer: action }
    case 'Stake':
      return { stake: { stake: action.stake, publicKey: nearKey(action.publicKey) } }
    case 'AddKey': {
      const { nonce, permission } = action.accessKey
      const theirs = permission.type === 'FunctionCall' ? { functionCall: permission } : { fullAccess: {} }
      return { addKey: { publicKey: nearKey(action.publicKey), accessKey: { nonce, permission: theirs } } }
    }
    case 'DeleteKey':
      return { deleteKey: { publicKey: nearKey(action.publicKey) } }
    case 'DeleteAccount':
      return { deleteAccount: action }
    case 'Delegate': {
      const { actions, publicKey, ...rest } = action.delegateAction
      return {
        signedDelegate: {
          delegateAction: { ...rest, actions: actions.map(nearAction), publicKey: nearKey(publicKey) },
          signature: nearSignature(action.signature),
        },
      }
    }
    case 'DeployGlobalContract':
      return { deployGlobalContract: { code: action.code, deployMode: { [action.mode]: null } } }
    case 'UseGlobalContract': {
      const { contract } = action
      const contractIdentifier =
        contract.type === 'CodeHash'
          ? { CodeHash: base58.decode(contract.codeHash) }
          : { AccountId: contract.accountId }
      return { useGlobalContract: { contractIdentifier } }
    }
    default:
      throw new Error(`near-api-js does not know ${action.type}`)
  }
}

export const nearTransaction = ({ publicKey, blockHash, actions, ...rest }: Transaction): object => ({
  ...rest,
  publicKey: nearKey(publicKey),
  blockHash: base58.decode(blockHash),
  actions: actions.map(nearAction),
})
