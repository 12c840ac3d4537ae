import { type Layout, list, option, struct, text, u16, u64, u128 } from '@dcml/protocol'
import { names, union } from '../wire/union.ts'
import type { AccessKey, AccessKeyPermission, FunctionCallPermission, GasKeyInfo } from './types.ts'

/** Borsh alone: nearcore bounds transactions as a whole, when it judges them. */
export const UNBOUNDED = 2 ** 32 - 1

const functionCall = {
  allowance: option(u128),
  receiverId: text(UNBOUNDED), // a plain string on the wire: testnet's genesis holds ids that are none
  methodNames: list(text(UNBOUNDED), UNBOUNDED) as Layout<FunctionCallPermission['methodNames']>,
}

const gasKey = struct<GasKeyInfo>({ balance: u128, numNonces: u16 })

const permission = union<AccessKeyPermission>('access key permission', {
  FunctionCall: [0, struct<FunctionCallPermission>(functionCall)],
  FullAccess: [1, struct<object>({})],
  GasKeyFunctionCall: [2, struct<FunctionCallPermission & { gasKey: GasKeyInfo }>({ gasKey, ...functionCall })],
  GasKeyFullAccess: [3, struct<{ gasKey: GasKeyInfo }>({ gasKey })],
})

/** An access key as actions carry it and as state holds it. */
export const accessKeyLayout: Layout<AccessKey> = struct<AccessKey>({ nonce: u64, permission })

export const globalContractMode: Layout<'CodeHash' | 'AccountId'> = names('global contract mode', [
  'CodeHash',
  'AccountId',
])
