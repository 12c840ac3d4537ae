import { formatApproval, type SignedApproval, verifyApproval } from '@dcml/protocol'
import { nanoseconds } from '../amounts.ts'
import type { Closed, CloseStarted } from '../facts.ts'
import { refusal } from '../refuse.ts'
import type { Closing, Payer } from './payer.ts'

/** Stops paying. @param now ms */
export const stopPaying = (payer: Payer, now: number): Payer =>
  payer.closing === null ? { ...payer, closing: { since: now, approval: null, deadline: null } } : payer

/**
 * Checks the enclave's last word before it is submitted.
 * @throws DcmlError `channel_not_closing`, `approval_*` of `verifyApproval`, `approval_overcharged` where it
 * contradicts receipts and vouchers: start closing without it, the contract then decides
 */
export async function takeApproval(payer: Payer, signed: SignedApproval): Promise<Payer> {
  const { terms, authorised, accounted, unaccounted, requests, policy } = payer
  const closing = requireClosing(payer)
  await verifyApproval(signed, terms)
  const { spent } = signed.approval
  const most = accounted + unaccounted + BigInt(requests.length) * policy.perRequestLimit
  if (spent > authorised || spent > most || spent < payer.spent)
    throw refusal(
      'approval_overcharged',
      'The approval contradicts the receipts and vouchers of this channel.',
      'Do not submit it. Start closing without approval.',
      { spent, authorised, receipts: payer.spent },
    )
  return { ...payer, spent, closing: { ...closing, approval: formatApproval(signed) } }
}

/** Notes that the challenge period has begun, by whomever. */
export function closeStarted(payer: Payer, { channelId, deadline }: CloseStarted, now: number): Payer {
  if (channelId !== payer.terms.channelId) return payer
  const stopped = stopPaying(payer, now)
  return { ...stopped, closing: { ...requireClosing(stopped), deadline } }
}

/** Notes how the contract closed the channel. */
export function settlePayer(payer: Payer, { channelId, settled }: Closed, now: number): Payer {
  return channelId === payer.terms.channelId ? { ...stopPaying(payer, now), settled } : payer
}

/** What to do next to have a channel closed. */
export type ClosingStep =
  | { readonly act: 'stop-paying' | 'ask-approval' | 'start-close' | 'finish-close' | 'done' }
  | { readonly act: 'submit-approval'; readonly approval: string }
  /** @param until ms */
  | { readonly act: 'wait'; readonly until: number }

/**
 * The next step to the end of a channel. Asked after each step, it always arrives at `done`, whoever is silent.
 * @param now ms @param patienceMs how long to ask for an approval before closing without one, which costs the fee
 */
export function closingStep({ closing, settled }: Payer, now: number, patienceMs: number): ClosingStep {
  if (settled !== null) return { act: 'done' }
  if (closing === null) return { act: 'stop-paying' }
  if (closing.approval !== null) return { act: 'submit-approval', approval: closing.approval }
  if (closing.deadline === null) return { act: now < closing.since + patienceMs ? 'ask-approval' : 'start-close' }
  if (nanoseconds(now) >= closing.deadline) return { act: 'finish-close' }
  return { act: 'wait', until: Number(closing.deadline / 1_000_000n) + 1 }
}

function requireClosing({ closing }: Payer): Closing {
  if (closing === null)
    throw refusal('channel_not_closing', 'Vouchers are still being signed.', 'Stop paying before taking an approval.')
  return closing
}
