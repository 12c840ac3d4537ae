import { equalBytes, type SignedReceipt, sharesOf, type TokenCounts, toHex, verifyReceipt } from '@dcml/protocol'
import { larger, receiptChannelId } from '../amounts.ts'
import { refusal } from '../refuse.ts'
import type { Heard, Payer } from './payer.ts'

/** Puts a request under way, and raises the ceiling by its limit. @param requestH SHA-256 of the exact request body */
export const beginRequest = (payer: Payer, requestH: Uint8Array): Payer => ({
  ...payer,
  requests: [...payer.requests, toHex(requestH)],
})

/**
 * Lets a request go that ended without receipt. What it cost turns up in the next receipt; up to what it was allowed
 * that is taken as it comes.
 * @param allowed the most that the enclave was told it may cost; by default its limit
 * @throws DcmlError `payment_request_unknown`
 */
export function abandonRequest(payer: Payer, requestH: Uint8Array, allowed = payer.policy.perRequestLimit): Payer {
  const requests = without(payer.requests, requestH)
  return settleRequests({ ...payer, requests, unaccounted: payer.unaccounted + allowed })
}

/**
 * Lets a request go that delivered nothing: it never left, or was refused before the first token.
 * @throws DcmlError `payment_request_unknown`
 */
export const dropRequest = (payer: Payer, requestH: Uint8Array): Payer =>
  settleRequests({ ...payer, requests: without(payer.requests, requestH) })

/** What the client knows of a response besides its receipt. */
export interface ReceiptContext {
  readonly requestH: Uint8Array
  /** Most tokens the client can account for; without it the enclave's count is believed. */
  readonly counted?: TokenCounts
}

/**
 * Checks the receipt of a response and ends its request. Refused receipts change nothing: pay no more, close.
 * @throws DcmlError `receipt_forged`, `receipt_foreign`, `payment_request_unknown`, `receipt_replayed`,
 * `receipt_spent_fell`, `receipt_overcharged`
 */
export async function takeReceipt(payer: Payer, signed: SignedReceipt, context: ReceiptContext): Promise<Payer> {
  const { terms } = payer
  const { receipt } = signed
  const { domain } = receipt
  if (!(await verifyReceipt(signed, terms.sessionKey)))
    throw refuse('receipt_forged', "The receipt's signature is not the enclave's.", {})
  const ours =
    domain.networkId === terms.chain.networkId &&
    domain.contract === terms.chain.contract &&
    equalBytes(receipt.channelId, receiptChannelId(terms.channelId)) &&
    equalBytes(receipt.modelH, terms.modelH) &&
    equalBytes(receipt.requestH, context.requestH)
  if (!ours) throw refuse('receipt_foreign', 'The receipt is of another channel, model or request.', {})
  const requests = without(payer.requests, context.requestH)
  const heard = inOrder(payer.heard, receipt)
  const tokens = { promptTokens: BigInt(receipt.promptTokens), completionTokens: BigInt(receipt.completionTokens) }
  requireCounted(tokens, context.counted)
  const cost = sharesOf(terms.prices, tokens).spent
  const spent = larger(receipt.spent, payer.spent)
  const next = { ...payer, requests, heard, spent, accounted: payer.accounted + cost }
  // what else was spent belongs to requests under way and to those without receipt
  const most = next.accounted + payer.unaccounted + BigInt(requests.length) * payer.policy.perRequestLimit
  if (spent < next.accounted || spent > most || spent > payer.authorised)
    throw refuse('receipt_overcharged', 'What is spent is not what the tokens cost at the prices of the opening.', {
      spent,
      cost,
      accounted: payer.accounted,
      authorised: payer.authorised,
    })
  return settleRequests(next)
}

/** With no request under way, what is spent and not accounted for came from requests without receipt. */
function settleRequests(payer: Payer): Payer {
  if (payer.requests.length > 0) return payer
  const surplus = payer.spent - payer.accounted
  const last = payer.heard.reduce((a, b) => (b.sequence > a.sequence ? b : a))
  return { ...payer, accounted: payer.spent, unaccounted: payer.unaccounted - surplus, heard: [last] }
}

function inOrder(heard: readonly Heard[], { sequence, spent }: Heard): Heard[] {
  if (sequence <= heard[0]!.sequence || heard.some((other) => other.sequence === sequence))
    throw refuse('receipt_replayed', 'A receipt of this number was checked before.', { sequence })
  const fell = heard.some((other) => (other.sequence < sequence ? other.spent > spent : other.spent < spent))
  if (fell) throw refuse('receipt_spent_fell', 'Of two receipts the later one says less is spent.', { sequence, spent })
  return [...heard, { sequence, spent }]
}

function requireCounted(tokens: TokenCounts, counted: TokenCounts | undefined): void {
  if (counted === undefined) return
  if (tokens.promptTokens > counted.promptTokens || tokens.completionTokens > counted.completionTokens)
    throw refuse('receipt_overcharged', 'The receipt counts more tokens than there were.', {
      ...tokens,
      completionCounted: counted.completionTokens,
      promptCounted: counted.promptTokens,
    })
}

function without(requests: readonly string[], requestH: Uint8Array): string[] {
  const at = requests.indexOf(toHex(requestH))
  if (at === -1)
    throw refusal('payment_request_unknown', 'No such request is under way.', 'Begin a request before it is sent.')
  return requests.toSpliced(at, 1)
}

const refuse = (code: string, message: string, details: Readonly<Record<string, bigint>>) =>
  refusal(code, message, 'Pay no more on this channel; ask for its approval and close it.', details)
