import { type CallOptions, type Cancellable, type Near, tgas } from '@dcml/near'
import { type Model, model } from '@dcml/near/model'
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'

/** Who acts on which model contract. */
export interface OwnerOptions extends Cancellable, Pick<CallOptions, 'account' | 'onSigned' | 'waitUntil'> {
  readonly near: Near
  /** Account of the model contract. */
  readonly contract: string
}

/** Twice what the dearest of these calls takes; what is not used comes back. */
const GAS = tgas(20)

/** The contract, and how this call of it is sent. */
export function ownerCall({ near, contract, ...sending }: OwnerOptions): { at: Model; options: CallOptions } {
  return { at: model(near, contract), options: { ...sending, gas: GAS } }
}

const block = v.object({ header: v.object({ height: v.pipe(v.number(), v.safeInteger()) }) })

/** Height of the newest final block. */
export async function finalHeight(near: Near, options: Cancellable): Promise<number> {
  return v.parse(block, await near.request('block', { finality: 'final' }, options)).header.height
}

/** What somebody's key or code alone is the name of: such accounts are there before they are made (NEP-448, NEP-518, NEP-616). */
const NAMED_BY_KEY = /^([0-9a-f]{64}|0[xs][0-9a-f]{40})$/

/**
 * Sees that accounts which are to own or to earn are there. Whoever made a mistyped one would have what is its.
 * @throws DcmlError `account_unknown`
 */
export async function requireAccounts(near: Near, accounts: readonly string[], options: Cancellable): Promise<void> {
  for (const account_id of new Set(accounts.filter((account) => !NAMED_BY_KEY.test(account))))
    try {
      await near.request('query', { request_type: 'view_account', finality: 'optimistic', account_id }, options)
    } catch (cause) {
      if (!DcmlError.isInstance(cause) || cause.code !== 'near_account_unknown') throw cause
      throw new DcmlError('account_unknown', `There is no account ${account_id}.`, {
        hint: 'Check how it is written; nothing was sent.',
        cause,
      })
    }
}
