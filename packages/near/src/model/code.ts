import type { Check } from '@dcml/protocol'
import * as v from 'valibot'
import { parse } from '../answer.ts'
import type { Cancellable, Near } from '../connection.ts'
import { model } from './model.client.ts'

const account = v.object({
  code_hash: v.string(),
  global_contract_hash: v.nullish(v.string()),
  global_contract_account_id: v.nullish(v.string()),
})
const keys = v.object({
  keys: v.array(v.object({ access_key: v.object({ permission: v.union([v.string(), v.looseObject({})]) }) })),
})

/**
 * Whether an account runs the model contract's code of this version, and whether anyone could give it other code. Ask
 * before money goes there: a contract that merely answers like ours can keep it. One node's word.
 * @returns `code` (the hash is ours) and `immutable` (no key may deploy)
 * @throws DcmlError `near_account_unknown`, and what {@link Near.request} throws
 */
export async function checkModelContract(near: Near, contract: string, options: Cancellable = {}): Promise<Check[]> {
  const query = { account_id: contract, finality: 'optimistic' }
  const [found, held] = await Promise.all([
    near.request('query', { request_type: 'view_account', ...query }, options),
    near.request('query', { request_type: 'view_access_key_list', ...query }, options),
  ])
  const { code_hash, global_contract_hash, global_contract_account_id } = parse(account, found, 'view_account')
  const mayDeploy = parse(keys, held, 'view_access_key_list').keys.filter(
    ({ access_key: { permission } }) => typeof permission === 'string' || !isRestricted(permission),
  )
  const wanted = model(near, contract).abi.metadata.wasm_hash
  const runs = global_contract_hash ?? global_contract_account_id ?? code_hash
  return [
    { name: 'code', ...verdict(runs === wanted, `runs ${runs}`, `runs ${runs}, not ${wanted}`) },
    {
      name: 'immutable',
      ...verdict(
        mayDeploy.length === 0,
        'no key can change its code',
        `${mayDeploy.length} keys of the account can change its code`,
      ),
    },
  ]
}

/** What is not known to be restricted to calls counts as able to deploy. */
const isRestricted = (permission: object): boolean =>
  Object.keys(permission).every((kind) => kind === 'FunctionCall' || kind === 'GasKeyFunctionCall')

const verdict = (ok: boolean, good: string, bad: string): Pick<Check, 'status' | 'why'> =>
  ok ? { status: 'pass', why: good } : { status: 'fail', why: bad }
