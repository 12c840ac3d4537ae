import { createHash } from 'node:crypto'
import { receiptChannelId } from '@dcml/channels'
import {
  type Chain,
  type DcmlField,
  formatReceipt,
  NO_CHANNEL,
  ResponseHash,
  type Signer,
  signReceipt,
  toHex,
} from '@dcml/protocol'
import type { Paid } from '../payment/tab.ts'

/** What one answer adds to its receipt. */
export interface Answered {
  readonly modelH: Uint8Array
  /** SHA-256 of the exact request body. */
  readonly requestH: Uint8Array
  readonly responseH: Uint8Array
  readonly promptTokens: number
  readonly completionTokens: number
  /** Of an answer that was paid for: its channel, and where that stands. */
  readonly payment?: Pick<Paid, 'channelId' | 'spent' | 'sequence'> | undefined
}

/** Signs what this enclave answered (paper §3), numbered from 1 over the life of its session key: where answers are paid for, by the ledger. */
export interface ReceiptBook {
  sign(answered: Answered): Promise<DcmlField>
}

export function createReceiptBook(options: {
  chain: Chain
  imageH: Uint8Array
  signer: Signer
  clock: () => number
}): ReceiptBook {
  let sequence = 0n
  return {
    async sign({ payment, ...answered }) {
      if (payment === undefined) sequence += 1n
      const signed = await signReceipt(
        options.chain,
        {
          ...answered,
          imageH: options.imageH,
          channelId: payment === undefined ? NO_CHANNEL : receiptChannelId(payment.channelId),
          spent: payment?.spent ?? 0n,
          sequence: payment?.sequence ?? sequence,
          time: BigInt(Math.trunc(options.clock())),
        },
        options.signer,
      )
      return { v: 1, modelH: toHex(answered.modelH), receipt: formatReceipt(signed) }
    },
  }
}

/** The platform's SHA-256, on the path of every token. */
export const responseHash = (): ResponseHash => new ResponseHash(createHash('sha256'))

export const sha256 = (bytes: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha256').update(bytes).digest())
