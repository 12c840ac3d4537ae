import { DcmlError } from '@dcml/protocol'
import type { NearAccount } from '../account.ts'
import type { Cancellable, Near } from '../connection.ts'
import { type CallOptions, tgas } from '../contract/contract.ts'

/** Where the contract is, and who calls it how. */
export interface PorOptions extends Cancellable, Pick<CallOptions, 'onSigned' | 'waitUntil'> {
  readonly near: Near
  /** Account of the Proof of Response contract. */
  readonly contract: string
  readonly account: NearAccount
}

/** Twice what the dearest call but a partition proof takes with all it leads to; what is not used comes back. */
export const GAS = tgas(30)

/** How a call is sent. */
export const paying = (
  { account, signal, onSigned, waitUntil }: PorOptions,
  deposit = 0n,
  gas: bigint = GAS,
): CallOptions => ({
  account,
  gas,
  deposit,
  ...(signal !== undefined && { signal }),
  ...(onSigned !== undefined && { onSigned }),
  ...(waitUntil !== undefined && { waitUntil }),
})

/** Whether the contract refused: nothing has changed, and asking again for the same would change nothing either. */
const isRefusal = (error: unknown): error is DcmlError =>
  DcmlError.isInstance(error) && error.code === 'near_transaction_failed'

/**
 * Carries out a call that may have been carried out before, by this or by another node.
 * @param isDone asked where the contract refuses: whether what was asked for is so
 * @throws DcmlError `por_refused` with the contract's words, and what sending throws
 */
export async function until<T>(call: () => Promise<T>, isDone: () => Promise<boolean>): Promise<T | undefined> {
  try {
    return await call()
  } catch (error) {
    if (!isRefusal(error)) throw error
    if (await isDone()) return undefined
    throw new DcmlError('por_refused', error.message, {
      hint: 'The Proof of Response contract refused; its words are in the message.',
      details: error.details,
      cause: error,
    })
  }
}
