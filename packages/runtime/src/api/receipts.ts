import { createHash } from 'node:crypto'
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

/** What one answer adds to its receipt. */
export interface Answered {
  readonly modelH: Uint8Array
  /** SHA-256 of the exact request body. */
  readonly requestH: Uint8Array
  readonly responseH: Uint8Array
  readonly promptTokens: number
  readonly completionTokens: number
}

/** Signs what this enclave answered (paper §3), numbered from 1 over the life of its session key. */
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
    async sign(answered) {
      sequence += 1n
      const signed = await signReceipt(
        options.chain,
        {
          ...answered,
          imageH: options.imageH,
          channelId: NO_CHANNEL,
          spent: 0n,
          sequence,
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
