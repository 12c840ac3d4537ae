// Answers about state after a block (nearcore `runtime/runtime/src/state_viewer/mod.rs`).
import type { AccountId, GlobalContractIdentifier, PublicKey } from '@dcml/light-client'
import type { Block } from '../../chain/types.ts'
import { callView } from '../../runtime/index.ts'
import {
  type Account,
  accessKeys,
  contractData,
  contractUsage,
  getAccessKey,
  getAccount,
  getCode,
  getGasKeyNonce,
  getGlobalCode,
  getLocalCode,
  type Trie,
  triePrefix,
} from '../../state/index.ts'
import { hashOf } from '../../wire/hash.ts'
import { toBase64, u64Json } from '../../wire/json/scalars.ts'
import { handlerFault, type RpcFault } from '../fault.ts'
import type { RpcContext } from '../types.ts'
import { accountView } from '../views/account.ts'
import { accessKeyView } from '../views/action.ts'

/** What an answer is computed from. */
export interface Asked {
  readonly context: RpcContext
  readonly block: Block
  readonly trie: Trie
}

const where = ({ block: { header } }: Asked) => ({ block_height: header.height, block_hash: header.hash })

/** The answer, with the block it holds for. */
const answered = <T extends object>(asked: Asked, view: T) => ({ ...view, ...where(asked) })

const fault = (asked: Asked, name: string, info: object, text: string): RpcFault =>
  handlerFault(name, { ...info, ...where(asked) }, text)

function existing(asked: Asked, id: AccountId): Account {
  const account = getAccount(asked.trie, id)
  if (account) return account
  const info = { requested_account_id: id }
  throw fault(asked, 'UNKNOWN_ACCOUNT', info, `account ${id} does not exist while viewing`)
}

export const viewAccount = (asked: Asked, id: AccountId) => answered(asked, accountView(existing(asked, id)))

export function viewCode(asked: Asked, id: AccountId) {
  const found = getCode(asked.trie, id, existing(asked, id).contract)
  if (found) return answered(asked, { code_base64: toBase64(found.code), hash: found.codeHash })
  const text = `Contract code for contract ID #${id} has never been observed on the node`
  throw fault(asked, 'NO_CONTRACT_CODE', { contract_account_id: id }, text)
}

export function viewGlobalCode(asked: Asked, identifier: GlobalContractIdentifier) {
  const code = getGlobalCode(asked.trie, identifier)
  if (code) return answered(asked, { code_base64: toBase64(code), hash: hashOf(code) })
  const name = identifier.type === 'CodeHash' ? identifier.codeHash : identifier.accountId
  const text = `Global contract code with identifier ${name} has never been observed on the node`
  const info = identifier.type === 'CodeHash' ? { CodeHash: identifier.codeHash } : { AccountId: identifier.accountId }
  throw fault(asked, 'NO_GLOBAL_CONTRACT_CODE', { identifier: info }, text)
}

/** Which entries of a contract's state are asked for. */
export interface StateAsked {
  readonly prefix: Uint8Array
  readonly after: Uint8Array | null
  /** Null for all of them at once, which a node refuses where they are many. */
  readonly limit: number | null
  readonly includeProof: boolean
}

export function viewState(asked: Asked, id: AccountId, { prefix, after, limit, includeProof }: StateAsked) {
  const { trie } = asked
  if (limit === null) checkSize(asked, id)
  else existing(asked, id)
  const values = []
  for (const [key, value] of contractData(trie, id, prefix)) {
    if (after && Buffer.compare(key, after) <= 0) continue
    if (values.length === limit) return answered(asked, { values, last_key: values.at(-1)?.key })
    values.push({ key: toBase64(key), value: toBase64(value) })
  }
  const proof = includeProof && { proof: trie.prove(triePrefix.contractData(id, prefix)).map(toBase64) }
  return answered(asked, { values, ...proof })
}

function checkSize(asked: Asked, id: AccountId): void {
  const { contract, storageUsage } = existing(asked, id)
  const { viewStateLimit } = asked.context.node
  const code = contractUsage(contract, getLocalCode(asked.trie, id)?.length ?? 0)
  if (viewStateLimit === null || storageUsage - code <= BigInt(viewStateLimit)) return
  const text = `State of contract ${id} is too large to be viewed`
  throw fault(asked, 'TOO_LARGE_CONTRACT_STATE', { contract_account_id: id }, text)
}

export function viewAccessKey(asked: Asked, id: AccountId, publicKey: PublicKey) {
  existing(asked, id)
  const key = getAccessKey(asked.trie, id, publicKey)
  if (key) return answered(asked, accessKeyView(key))
  const text = `Access key for public key ${publicKey} has never been observed on the node`
  throw fault(asked, 'UNKNOWN_ACCESS_KEY', { public_key: publicKey }, text)
}

export function viewAccessKeyList(asked: Asked, id: AccountId) {
  existing(asked, id)
  const keys = [...accessKeys(asked.trie, id)].map(({ publicKey, accessKey }) => ({
    public_key: publicKey,
    access_key: accessKeyView(accessKey),
  }))
  return answered(asked, { keys })
}

export function viewGasKeyNonces(asked: Asked, id: AccountId, publicKey: PublicKey) {
  existing(asked, id)
  const permission = getAccessKey(asked.trie, id, publicKey)?.permission
  if (!permission || !('gasKey' in permission)) {
    const text = `Gas key for public key ${publicKey} does not exist while viewing`
    throw fault(asked, 'UNKNOWN_GAS_KEY', { public_key: publicKey }, text)
  }
  const nonces = Array.from({ length: permission.gasKey.numNonces }, (_, index) =>
    u64Json(getGasKeyNonce(asked.trie, id, publicKey, index) ?? 0n),
  )
  return answered(asked, { nonces })
}

/** The fault carries both forms of the error: `vm_error` is the old one's text, `error` the structured one. */
export function callFunction(asked: Asked, id: AccountId, method: string, args: Uint8Array) {
  existing(asked, id)
  const { chain } = asked.context
  const call = { accountId: id, method, args }
  const { result, logs, error } = callView(asked.trie, call, chain.contextOf(asked.block))
  if (!error) return answered(asked, { result: [...result], logs })
  const text = `Function call returned an error: ${error.message}`
  throw fault(asked, 'CONTRACT_EXECUTION_ERROR', { vm_error: error.message, error: error.vmError }, text)
}
