import type { Demand, Payer } from '@dcml/channels'
import { refusal } from './refusal.ts'

/** What the enclave knew for certain when it read a request: the voucher in its header, and receipts written before. */
export interface Floor {
  readonly authorised: bigint
  readonly spent: bigint
}

/**
 * A demand as of now. Requests side by side make demands that are out of date when they are read: what has been spent
 * since is known from a later receipt. What an honest enclave could not have said when the request reached it is a lie.
 * @throws DcmlError `payment_demand_wrong`
 */
export function currentDemand(demand: Demand, floor: Floor, payer: Payer): Demand {
  const { channelId, authorised, spent, reserved, required, request } = demand
  const committed = spent + reserved
  const consistent =
    channelId === payer.terms.channelId &&
    spent >= floor.spent &&
    authorised >= floor.authorised &&
    authorised <= payer.authorised &&
    committed <= authorised &&
    (required > authorised || (request !== undefined && request.required > request.allowed))
  if (!consistent)
    throw refusal(
      'payment_demand_wrong',
      'The demand contradicts what was paid and delivered so far.',
      'Pay no more on this channel; ask for its approval and close it.',
      { required, spent, authorised, known: floor.spent, paid: payer.authorised },
    )
  if (spent >= payer.spent) return demand
  const left = committed > payer.spent ? committed - payer.spent : 0n
  return { ...demand, spent: payer.spent, reserved: left, authorised: payer.authorised }
}
