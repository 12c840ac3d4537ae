import type { AccessKeyPermission, AccountId, Action } from '@dcml/light-client'

/** nearcore's `InvalidAccessKeyError` in its serde shape. */
export type InvalidAccessKeyError = string | { readonly [variant: string]: unknown }

/**
 * What a function-call key may sign: one call, without deposit, of a named method of one contract. Keys of transactions
 * and of delegate actions are judged alike; null where the key may sign, or is no function-call key.
 */
export function forbiddenByKey(
  permission: AccessKeyPermission,
  { receiverId, actions }: { readonly receiverId: AccountId; readonly actions: readonly Action[] },
): InvalidAccessKeyError | null {
  if (!('methodNames' in permission)) return null
  const [call] = actions
  if (actions.length !== 1 || call?.type !== 'FunctionCall') return 'RequiresFullAccess'
  if (call.deposit > 0n) return 'DepositWithFunctionCall'
  if (receiverId !== permission.receiverId)
    return { ReceiverMismatch: { tx_receiver: receiverId, ak_receiver: permission.receiverId } }
  if (permission.methodNames.length > 0 && !permission.methodNames.includes(call.methodName))
    return { MethodNameMismatch: { method_name: call.methodName } }
  return null
}
