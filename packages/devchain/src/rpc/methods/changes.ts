// What a block changed in state.
import * as v from 'valibot'
import { accountId, base64, publicKey } from '../../wire/json/scalars.ts'
import { getBlock } from '../blocks.ts'
import { parseFault } from '../fault.ts'
import { type Method, method } from '../method.ts'
import { withBlock } from '../params.ts'
import { type Change, changeView, readChange } from '../views/change.ts'

const asked = withBlock({
  changes_type: v.picklist([
    'account_changes',
    'single_access_key_changes',
    'single_gas_key_changes',
    'all_access_key_changes',
    'all_gas_key_changes',
    'contract_code_changes',
    'data_changes',
  ]),
  account_ids: v.optional(v.array(accountId)),
  keys: v.optional(v.array(v.object({ account_id: accountId, public_key: publicKey }))),
  key_prefix_base64: v.optional(base64),
})
type Asked = v.InferOutput<typeof asked>

/** Kinds of changes each `changes_type` asks for. */
const kinds: Readonly<Record<Asked['changes_type'], readonly Change['kind'][]>> = {
  account_changes: ['account'],
  single_access_key_changes: ['access_key'],
  single_gas_key_changes: ['access_key', 'gas_key_nonce'],
  all_access_key_changes: ['access_key'],
  all_gas_key_changes: ['access_key', 'gas_key_nonce'],
  contract_code_changes: ['contract_code'],
  data_changes: ['data'],
}

const startsWith = (key: Uint8Array, prefix: Uint8Array): boolean => prefix.every((byte, i) => key[i] === byte)

/** @throws RpcFault `PARSE_ERROR` where the type's own field is missing */
function matcher({ changes_type, account_ids, keys, key_prefix_base64: prefix }: Asked): (change: Change) => boolean {
  const wanted = kinds[changes_type]
  if (changes_type.startsWith('single_')) {
    if (!keys) throw parseFault('Failed parsing args: missing field `keys`')
    return (change) =>
      wanted.includes(change.kind) &&
      'publicKey' in change &&
      keys.some((key) => key.account_id === change.account && key.public_key === change.publicKey)
  }
  if (!account_ids) throw parseFault('Failed parsing args: missing field `account_ids`')
  if (changes_type === 'data_changes' && !prefix)
    throw parseFault('Failed parsing args: missing field `key_prefix_base64`')
  return (change) =>
    wanted.includes(change.kind) &&
    account_ids.includes(change.account) &&
    (change.kind !== 'data' || startsWith(change.key, prefix as Uint8Array))
}

const changes = method(asked, ({ chain }, params) => {
  const matches = matcher(params)
  const { header, result } = getBlock(chain, params.block)
  const found = result.changes.flatMap((raw) => {
    const change = readChange(raw)
    return change && matches(change) ? [changeView(change, raw.cause)] : []
  })
  return { block_hash: header.hash, changes: found }
})

/** Each account once per kind of record touched. */
const blockEffects = method(withBlock({}), ({ chain }, { block }) => {
  const { header, result } = getBlock(chain, block)
  const touched = new Map<string, object>()
  for (const raw of result.changes) {
    const change = readChange(raw)
    if (!change) continue
    const type = `${change.kind === 'gas_key_nonce' ? 'access_key' : change.kind}_touched`
    touched.set(`${type} ${change.account}`, { type, account_id: change.account })
  }
  return { block_hash: header.hash, changes: [...touched.values()] }
})

export const changeMethods: Readonly<Record<string, Method>> = {
  changes,
  EXPERIMENTAL_changes: changes,
  block_effects: blockEffects,
  EXPERIMENTAL_changes_in_block: blockEffects,
}
