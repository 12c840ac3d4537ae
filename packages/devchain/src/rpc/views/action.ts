// Actions and access keys as RPC shows them (nearcore `core/primitives/src/views.rs`): deployed code by its hash, and
// variants renamed where they carry less than on the wire.
import { type AccessKey, type AccessKeyPermission, type Action, parseHash } from '@dcml/light-client'
import { hashOf } from '../../wire/hash.ts'
import { gasKeyJson, permissionJson, restrictionJson } from '../../wire/json/access-key.ts'
import { actionJson, stateInitJson } from '../../wire/json/action.ts'
import { toBase64, u64Json } from '../../wire/json/scalars.ts'

const codeHash = (code: Uint8Array): string => toBase64(parseHash(hashOf(code)))

export function actionView(action: Action): unknown {
  switch (action.type) {
    case 'CreateAccount':
      return 'CreateAccount'
    case 'DeployContract':
      return { DeployContract: { code: codeHash(action.code) } }
    case 'AddKey':
      return { AddKey: { public_key: action.publicKey, access_key: accessKeyView(action.accessKey) } }
    case 'DeployGlobalContract': {
      const name = action.mode === 'CodeHash' ? 'DeployGlobalContract' : 'DeployGlobalContractByAccountId'
      return { [name]: { code: codeHash(action.code) } }
    }
    case 'UseGlobalContract':
      return action.contract.type === 'CodeHash'
        ? { UseGlobalContract: { code_hash: action.contract.codeHash } }
        : { UseGlobalContractByAccountId: { account_id: action.contract.accountId } }
    case 'DeterministicStateInit':
      return { DeterministicStateInit: { ...stateInitJson(action.stateInit), deposit: action.deposit.toString() } }
    default:
      return actionJson(action)
  }
}

export const accessKeyView = ({ nonce, permission }: AccessKey) => ({
  nonce: u64Json(nonce),
  permission: permissionView(permission),
})

/** As serde writes it, but for the one permission that RPC shows as an object instead of a pair. */
const permissionView = (permission: AccessKeyPermission): unknown =>
  permission.type === 'GasKeyFunctionCall'
    ? { GasKeyFunctionCall: { ...gasKeyJson(permission), ...restrictionJson(permission) } }
    : permissionJson(permission)
