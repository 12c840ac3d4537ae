// `query`, with the shapes its oldest clients know, and the newer methods that answer the same with structured errors.
import { isAccountId, type PublicKey } from '@dcml/light-client'
import { base58 } from '@scure/base'
import * as v from 'valibot'
import type { BlockRef } from '../../chain/types.ts'
import { getQueryBlock } from '../blocks.ts'
import { parseFault, RpcFault } from '../fault.ts'
import { type Method, method, parse } from '../method.ts'
import { withBlock } from '../params.ts'
import * as answers from '../query/answers.ts'
import * as asked from '../query/asked.ts'
import type { RpcContext } from '../types.ts'

const at = (context: RpcContext, ref: BlockRef): answers.Asked => {
  const block = getQueryBlock(context.chain, ref)
  return { context, block, trie: context.chain.stateAfter(block) }
}

const viewAccount = method(withBlock(asked.account), (context, { account_id, block }) =>
  answers.viewAccount(at(context, block), account_id),
)
const viewCode = method(withBlock(asked.account), (context, { account_id, block }) =>
  answers.viewCode(at(context, block), account_id),
)
const viewState = method(withBlock(asked.state), (context, { account_id, block, ...params }) =>
  answers.viewState(at(context, block), account_id, {
    prefix: params.prefix_base64,
    after: params.after_key_base64,
    limit: params.limit,
    includeProof: params.include_proof ?? false,
  }),
)
const viewAccessKey = method(withBlock(asked.accessKey), (context, { account_id, public_key, block }) =>
  answers.viewAccessKey(at(context, block), account_id, public_key),
)
const viewAccessKeyList = method(withBlock(asked.account), (context, { account_id, block }) =>
  answers.viewAccessKeyList(at(context, block), account_id),
)
const viewGasKeyNonces = method(withBlock(asked.accessKey), (context, { account_id, public_key, block }) =>
  answers.viewGasKeyNonces(at(context, block), account_id, public_key),
)
const callFunction = method(withBlock(asked.call), (context, { account_id, method_name, args_base64, block }) =>
  answers.callFunction(at(context, block), account_id, method_name, args_base64),
)
const viewGlobalCode = method(withBlock(asked.codeHash), (context, { code_hash, block }) =>
  answers.viewGlobalCode(at(context, block), { type: 'CodeHash', codeHash: code_hash }),
)
const viewGlobalCodeByAccount = method(withBlock(asked.account), (context, { account_id, block }) =>
  answers.viewGlobalCode(at(context, block), { type: 'AccountId', accountId: account_id }),
)

const kinds: Readonly<Record<string, Method>> = {
  view_account: viewAccount,
  view_code: viewCode,
  view_state: viewState,
  view_access_key: viewAccessKey,
  view_access_key_list: viewAccessKeyList,
  view_gas_key_nonces: viewGasKeyNonces,
  call_function: callFunction,
  view_global_contract_code: viewGlobalCode,
  view_global_contract_code_by_account_id: viewGlobalCodeByAccount,
}

const kind = v.object({ request_type: v.picklist(Object.keys(kinds)) })

/** Two errors of `query` are results, as they were before errors had a structure. */
function query(context: RpcContext, params: unknown): unknown {
  const object = Array.isArray(params) ? fromPath(params) : params
  const { request_type } = parse(kind, object)
  try {
    return (kinds[request_type] as Method)(context, object)
  } catch (error) {
    if (error instanceof RpcFault) return legacyResult(error)
    throw error
  }
}

function legacyResult(fault: RpcFault): unknown {
  const { name } = fault.json.cause
  const info = fault.json.cause.info as {
    vm_error: string
    public_key: PublicKey
    block_height: number
    block_hash: string
  }
  const { block_height, block_hash } = info
  if (name === 'CONTRACT_EXECUTION_ERROR') return { error: info.vm_error, logs: [], block_height, block_hash }
  if (name !== 'UNKNOWN_ACCESS_KEY') throw fault
  const error = `access key ${info.public_key} does not exist while viewing`
  return { error, logs: [], block_height, block_hash }
}

/** Bytes of path and data together, as nearcore limits them. */
const MAX_PATH_DATA = 10 * 1024

/** `["call/counter.near/get", "<base58>"]` and its like, asked at the head. */
function fromPath(params: readonly unknown[]): object {
  const [path, data] = parse(v.tuple([v.string(), v.string()]), params)
  const [command, account_id, ...more] = path.split('/')
  if (account_id === undefined) throw parseFault('Not enough query parameters provided')
  if (!isAccountId(account_id)) throw parseFault(`invalid account id: ${account_id.slice(0, 64)}`)
  const extra = more.length === 0 ? undefined : more.join('/')
  const asked = { account_id, finality: 'optimistic' }
  switch (command) {
    case 'account':
      return { request_type: 'view_account', ...asked }
    case 'access_key':
      return extra === undefined
        ? { request_type: 'view_access_key_list', ...asked }
        : { request_type: 'view_access_key', public_key: extra, ...asked }
    case 'code':
      return { request_type: 'view_code', ...asked }
    case 'contract':
      return { request_type: 'view_state', prefix_base64: pathData(path, data), ...asked }
    case 'call':
      if (extra === undefined) throw parseFault('Method name is missing')
      return { request_type: 'call_function', method_name: extra, args_base64: pathData(path, data), ...asked }
    default:
      throw parseFault(`Unknown path ${command}`)
  }
}

/** Base58, given on as base64. Its decoding takes quadratic time: long text is refused first. */
function pathData(path: string, data: string): string {
  const room = Math.max(0, MAX_PATH_DATA - path.length)
  if (data.length > room * 1.4) throw parseFault('Query data size is too large')
  try {
    const bytes = base58.decode(data)
    if (bytes.length > room) throw parseFault('Query data size is too large')
    return Buffer.from(bytes).toString('base64')
  } catch (error) {
    if (error instanceof RpcFault) throw error
    throw parseFault('provided string contained invalid character')
  }
}

/** Like a query for a call, but what the contract panicked with is given as JSON where it is JSON. */
function experimentalCall(context: RpcContext, params: unknown): unknown {
  try {
    return callFunction(context, params)
  } catch (error) {
    if (!(error instanceof RpcFault) || error.json.cause.name !== 'CONTRACT_EXECUTION_ERROR') throw error
    const { error: structured, ...info } = error.json.cause.info as { error: { ExecutionError?: string } }
    const vm_error = withParsedPanic(structured)
    throw new RpcFault({ ...error.json, cause: { ...error.json.cause, info: { ...info, vm_error } } }, error.status)
  }
}

const PANIC = 'Smart contract panicked: '

function withParsedPanic(error: { ExecutionError?: string }): unknown {
  if (!error.ExecutionError?.startsWith(PANIC)) return error
  try {
    return { ExecutionError: JSON.parse(error.ExecutionError.slice(PANIC.length)) }
  } catch {
    return error
  }
}

export const queryMethods: Readonly<Record<string, Method>> = {
  query,
  EXPERIMENTAL_view_account: viewAccount,
  EXPERIMENTAL_view_code: viewCode,
  EXPERIMENTAL_view_state: viewState,
  EXPERIMENTAL_view_access_key: viewAccessKey,
  EXPERIMENTAL_view_access_key_list: viewAccessKeyList,
  EXPERIMENTAL_view_gas_key_nonces: viewGasKeyNonces,
  EXPERIMENTAL_call_function: experimentalCall,
}
