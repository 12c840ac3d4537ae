import type { Params } from '../../params/types.ts'
import type { Account } from '../../state/types.ts'

/**
 * What an account lacks to back its storage with `amount` free tokens, yoctoNEAR; 0 if nothing. Accounts of at most 770
 * bytes need none (NEP-448).
 */
export function missingForStorage({ storage }: Params, account: Account, amount: bigint): bigint {
  if (account.storageUsage <= storage.zeroBalanceAccountLimit) return 0n
  const missing = storage.amountPerByte * account.storageUsage - amount - account.locked
  return missing > 0n ? missing : 0n
}
