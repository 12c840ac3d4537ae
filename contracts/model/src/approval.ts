import { type Here, Reader, Writer } from './borsh.ts'
import type { ApprovalFacts } from './closing.ts'

/** What an enclave says of a channel, but for the channel itself. */
export type Delivery = Omit<ApprovalFacts, 'challenge' | 'channelId'>

/**
 * The bytes an enclave signs, as `encodeApproval` of @dcml/protocol writes them; the vectors there are the test here.
 * @param sessionKey 32 bytes @param challenge 32 bytes
 */
export const approvalBytes = (
  here: Here,
  sessionKey: Uint8Array,
  challenge: Uint8Array,
  { channelId, promptTokens, completionTokens, spent, counter }: Omit<ApprovalFacts, 'challenge'>,
): Uint8Array =>
  new Writer()
    .domain('dcml/approval', 1, here, sessionKey)
    .u64(channelId)
    .raw(challenge)
    .u64(promptTokens)
    .u64(completionTokens)
    .u128(spent)
    .u64(counter)
    .done()

/** Of the numbers at the end of an approval, and of the signature under it, in bytes. */
const DELIVERY = 8 + 8 + 16 + 8
const SIGNATURE = 64

/** Reads the numbers and the signature of bytes that may be a signed approval; null for what is too short for one. */
export function deliveryIn(signed: Uint8Array): (Delivery & { readonly signature: Uint8Array }) | null {
  if (signed.length < DELIVERY + SIGNATURE) return null
  const reader = new Reader(signed.slice(-DELIVERY - SIGNATURE))
  return {
    promptTokens: reader.u64(),
    completionTokens: reader.u64(),
    spent: reader.u128(),
    counter: reader.u64(),
    signature: reader.raw(SIGNATURE),
  }
}
