import { attachedDeposit, blockTimestamp, flag, predecessorAccountId, table, u128 } from '@dcml/contract-build/contract'
import type { Books, Caller, Totals } from './books.ts'
import * as schema from './schemas.ts'

export const providers = table('provider', schema.provider)
export const sessions = table('session', flag)
export const channels = table('channel', schema.channel)
export const owed = table('owed', u128)

/** One row, `ACCEPTED`: in the state, the list would cost every call its parsing. */
export const images = table('images', schema.images)
export const ACCEPTED = 'accepted'

/** The books over the contract's storage; the totals live in its state. */
export const booksOf = (contract: { held: Totals }): Books => ({
  get totals() {
    return contract.held
  },
  set totals(totals) {
    contract.held = totals
  },
  providers,
  sessions,
  channels,
  owed,
})

export const caller = (): Caller => ({ by: predecessorAccountId(), attached: attachedDeposit(), now: blockTimestamp() })
