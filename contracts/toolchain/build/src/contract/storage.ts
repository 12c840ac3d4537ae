import { storageUsage } from './host.ts'

/** YoctoNEAR of the account's balance that each stored byte locks: `storage_amount_per_byte` of NEAR's genesis. */
export const storagePrice = 10n ** 19n

/**
 * What a change of tables adds to the balance the account must keep for its storage, in yoctoNEAR; negative if it frees
 * some. Let whoever causes the change pay for it, or strangers fill the account until nothing can be stored.
 * @example if (attachedDeposit() < storageCost(() => notes.set(by, note))) throw new Error('pay for the storage')
 */
export function storageCost(change: () => void): bigint {
  const before = storageUsage()
  change()
  return (storageUsage() - before) * storagePrice
}
