// Access keys in JSON, the same in state records, transactions and views except for gas keys in views.
import type { AccessKey, AccessKeyPermission } from '@dcml/light-client'
import * as v from 'valibot'
import { amount, u16, u64, u64Json } from './scalars.ts'

const functionCall = v.object({
  allowance: v.optional(v.nullable(amount), null),
  receiver_id: v.string(),
  method_names: v.array(v.string()),
})
const gasKey = v.object({ balance: amount, num_nonces: u16 })

const permission = v.union([
  v.pipe(
    v.literal('FullAccess'),
    v.transform((): AccessKeyPermission => ({ type: 'FullAccess' })),
  ),
  v.pipe(
    v.object({ FunctionCall: functionCall }),
    v.transform(({ FunctionCall }): AccessKeyPermission => ({ type: 'FunctionCall', ...restriction(FunctionCall) })),
  ),
  v.pipe(
    v.object({ GasKeyFunctionCall: v.tuple([gasKey, functionCall]) }),
    v.transform(
      ({ GasKeyFunctionCall: [info, call] }): AccessKeyPermission => ({
        type: 'GasKeyFunctionCall',
        gasKey: gasKeyInfo(info),
        ...restriction(call),
      }),
    ),
  ),
  v.pipe(
    v.object({ GasKeyFullAccess: gasKey }),
    v.transform(
      ({ GasKeyFullAccess }): AccessKeyPermission => ({
        type: 'GasKeyFullAccess',
        gasKey: gasKeyInfo(GasKeyFullAccess),
      }),
    ),
  ),
])

const restriction = (call: v.InferOutput<typeof functionCall>) => ({
  allowance: call.allowance,
  receiverId: call.receiver_id,
  methodNames: call.method_names,
})
const gasKeyInfo = (info: v.InferOutput<typeof gasKey>) => ({ balance: info.balance, numNonces: info.num_nonces })

/** An access key as serde writes it. */
export const accessKey: v.GenericSchema<unknown, AccessKey> = v.object({ nonce: u64, permission })

export const accessKeyJson = ({ nonce, permission }: AccessKey): unknown => ({
  nonce: u64Json(nonce),
  permission: permissionJson(permission),
})

export function permissionJson(permission: AccessKeyPermission): unknown {
  switch (permission.type) {
    case 'FullAccess':
      return 'FullAccess'
    case 'FunctionCall':
      return { FunctionCall: restrictionJson(permission) }
    case 'GasKeyFunctionCall':
      return { GasKeyFunctionCall: [gasKeyJson(permission), restrictionJson(permission)] }
    case 'GasKeyFullAccess':
      return { GasKeyFullAccess: gasKeyJson(permission) }
  }
}

type Of<T extends AccessKeyPermission['type']> = Extract<AccessKeyPermission, { type: T }>

export const restrictionJson = (call: Of<'FunctionCall'> | Of<'GasKeyFunctionCall'>) => ({
  allowance: call.allowance === null ? null : call.allowance.toString(),
  receiver_id: call.receiverId,
  method_names: call.methodNames,
})

export const gasKeyJson = ({ gasKey }: Of<'GasKeyFunctionCall'> | Of<'GasKeyFullAccess'>) => ({
  balance: gasKey.balance.toString(),
  num_nonces: gasKey.numNonces,
})
