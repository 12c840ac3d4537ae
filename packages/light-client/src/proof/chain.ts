import { demand } from '../check.ts'
import type { ExecutionProof } from '../outcome/schema.ts'
import type { CryptoHash } from '../transaction/types.ts'

/** The receipts that an outcome names as the next link, and in which way. */
export interface NextLink {
  readonly ids: readonly CryptoHash[]
  readonly how: string
}

/** What a transaction or a call goes on in. @throws Refusal where it failed */
export function successor({ id, outcome: { status } }: ExecutionProof): NextLink {
  demand(status.type !== 'Failure' && status.type !== 'Unknown', () => `${id} failed`)
  return status.type === 'SuccessReceiptId'
    ? { ids: [status.receiptId], how: `${id} went on in` }
    : { ids: [], how: `${id} ended; nothing follows it, so not` }
}

/**
 * What a receipt with nothing but a delegate action goes on in: it returns nothing and sends the delegated actions as
 * one receipt, besides refunds, which log nothing. @throws Refusal where it failed
 */
export function delegatedTo({ id, outcome: { status, receiptIds } }: ExecutionProof): NextLink {
  demand(status.type === 'SuccessValue', () => `the delegate action in receipt ${id} failed`)
  return { ids: receiptIds, how: `${id} delegated to one of its receipts, not to` }
}

/** @throws Refusal where `proof` is not of a receipt that the link before it names */
export const requireLink = ({ ids, how }: NextLink, { id }: ExecutionProof): void =>
  demand(ids.includes(id), () => `${how} ${ids.length === 1 ? `${ids[0]}, not in ${id}` : id}`)
