// Closing a channel whose host may be silent, without the challenge period (paper §6.2): Proof of Response ends in the
// enclave's approval, in a signed answer that is none, or in a host that is provably cut off. Each closes at once.
import { type Amounts, stopPaying, takeApproval } from '@dcml/channels'
import { DcmlError, parseApproval, signClosureRequest } from '@dcml/protocol'
import { CLOSE_CHANNEL, CLOSE_CHANNEL_RESPONSE, CLOSE_CHANNEL_SERVICE, formatChannelClosing } from '@dcml/protocol/por'
import * as v from 'valibot'
import { perform } from '../pay/calls.ts'
import { takeUp } from '../pay/channel.ts'
import { closeChannel, vanished } from '../pay/closing.ts'
import { unreachableDesk } from '../pay/desk.ts'
import type { Purse } from '../pay/purse.ts'
import { refusal } from '../pay/refusal.ts'
import type { ChannelStore } from '../pay/store.ts'
import type { ChannelWallet, SentCall } from '../pay/wallet.ts'
import type { PorReply, PorRequester, PorTerms } from './requester.ts'

/** Options of {@link closeOverPor}. To `service` and `budget` comes what a host has to be given: two minutes in all. */
export interface PorCloseOptions extends PorTerms {
  /** Of the channel; released by whoever paid from it. */
  readonly store: ChannelStore
  readonly wallet: ChannelWallet
  readonly requester: PorRequester
  /** Unix time in milliseconds. Default `Date.now`. */
  readonly clock?: () => number
}

/** How a channel ended, and its four amounts. */
export interface PorClosure {
  /**
   * `approved`: by the enclave's approval. `invalid-response`: the host signed something else. `disconnected`: it was
   * silent, and is cut off. By either of the latter the payer has everything back, and the host's lock went to the
   * owner. `ended`: by somebody else's call, before.
   */
  readonly way: 'approved' | 'invalid-response' | 'disconnected' | 'ended'
  readonly amounts: Amounts
}

/**
 * Ends a channel over Proof of Response, as far as it was not ended yet; after a crash, call it again.
 * @throws DcmlError `channel_fault_denied` where the contract sees no fault, `approval_overcharged`: close without the
 * approval (`ChannelPayer.close`); `channel_store_empty`, `channel_store_busy`, those of the wallet and of the requester
 */
export async function closeOverPor(options: PorCloseOptions): Promise<PorClosure> {
  const { store, wallet, clock = Date.now } = options
  const purse = await takeUp(store, wallet, { clock })
  try {
    const way = await end(purse, options)
    return { way, amounts: purse.amounts() }
  } finally {
    await purse.release()
  }
}

async function end(purse: Purse, options: PorCloseOptions): Promise<PorClosure['way']> {
  const { wallet } = options
  const { terms } = purse.payer
  if (purse.isOver || (await vanished({ purse, wallet }))) return 'ended'
  await purse.pays((payer) => stopPaying(payer, purse.clock()))
  if (purse.payer.closing?.approval) return submit(purse, wallet)

  const seed = await wallet.seed(terms.channelId)
  if (seed === null) return 'ended'
  const closure = await signClosureRequest(terms.chain, { channelId: terms.channelId }, purse.signer)
  const payload = formatChannelClosing({ seed, closure })
  const reply = await ask(terms.host, payload, options)
  if (reply === 'disconnected') {
    requireFault(
      await perform(purse, 'close-disconnected', (hooks) => wallet.closeDisconnected(terms.channelId, hooks)),
    )
    return reply
  }
  if (await approves(purse, reply)) return submit(purse, wallet)
  const evidence = { ...reply.proof, payload, reply: reply.payload }
  const sent = await perform(purse, 'close-invalid-response', (hooks) =>
    wallet.closeInvalidResponse(terms.channelId, evidence, hooks),
  )
  requireFault(sent)
  return 'invalid-response'
}

/** One path first, which costs least; then whatever it takes. */
async function ask(
  host: string,
  payload: Uint8Array,
  { store: _, wallet: __, clock: ___, requester, budget, service = 0, ...terms }: PorCloseOptions,
): Promise<PorReply | 'disconnected'> {
  // the contract holds no answer against a host that had less time or room
  const more = Math.max(CLOSE_CHANNEL_SERVICE - service, 0)
  const options = {
    ...terms,
    app: CLOSE_CHANNEL,
    budget: budget + more,
    service: service + more,
    maxResponse: CLOSE_CHANNEL_RESPONSE,
  }
  try {
    const first = await requester.request(host, payload, options)
    if ('response' in first) return first.response
  } catch (error) {
    // perhaps there is no way because the host is cut off already
    if (!DcmlError.isInstance(error) || !/^por_(no_route|refused)$/.test(error.code)) throw error
  }
  const last = await requester.isolate(host, payload, options)
  return 'response' in last ? last.response : 'disconnected'
}

/**
 * Takes the approval out of a reply. False for anything the contract would not take as one.
 * @throws DcmlError `approval_overcharged`: it is genuine, and contradicts the receipts
 */
async function approves(purse: Purse, { status, payload }: PorReply): Promise<boolean> {
  if (status !== 0) return false
  try {
    const signed = parseApproval(new TextDecoder('utf-8', { ignoreBOM: true }).decode(payload))
    // the contract refuses it, as the enclave must have known
    if (signed.approval.spent > purse.payer.deposited) return false
    await purse.pays((payer) => takeApproval(payer, signed))
    return true
  } catch (error) {
    if (DcmlError.isInstance(error) && /^approval_(malformed|foreign|wrong_sum|forged)$/.test(error.code)) return false
    throw error
  }
}

async function submit(purse: Purse, wallet: ChannelWallet): Promise<'approved'> {
  await closeChannel({ purse, desk: unreachableDesk(), wallet })
  return 'approved'
}

const deniedSchema = v.object({ why: v.string() })

function requireFault({ events, hash }: SentCall): void {
  const denied = events.find(({ event }) => event === 'fault_denied')
  if (denied === undefined) return
  const said = v.safeParse(deniedSchema, denied.data)
  throw refusal(
    'channel_fault_denied',
    `The contract sees no fault of the host${said.success ? `: ${said.output.why.slice(0, 256)}` : ''}.`,
    'The channel is as before. Ask again, or close without Proof of Response.',
    { hash },
  )
}
