// Questions to an enclave that relays carry: sealed to the key in its evidence, so that they see sizes and times alone.
import { type Attested, MAX_SEALED_ANSWER, sealQuestion } from '@dcml/attestation'
import { DcmlError, utf8 } from '@dcml/protocol'
import * as v from 'valibot'
import type { PorReply } from './requester.ts'

/** Name of the application in a request. */
export const SEALED = 'dcml/sealed'

/** What can be asked. */
export type SealedAsk =
  /** What the enclave says of its model: it lives, whatever the node before it says. */
  | { readonly kind: 'ping' }
  /** Text of a signed closure request. */
  | { readonly kind: 'close-channel'; readonly request: string }
  /** One chat completion, whole. */
  | {
      readonly kind: 'chat'
      /** Exact JSON text of the request. */
      readonly body: string
      /** Text form of the channel's best voucher, where completions are paid for. */
      readonly voucher?: string
      /** yoctoNEAR that it may cost. */
      readonly allowance?: bigint
    }

/** What the enclave's attested port would have answered to the same call. */
export interface SealedAnswer {
  readonly status: number
  /** Lower-case hex, where a model answered. */
  readonly modelH?: string | undefined
  /** Exact text of the body. */
  readonly body: string
}

/** A sealed question: pass `app`, `payload` and `maxResponse` to a node of Proof of Response. */
export interface SealedRequest {
  readonly app: typeof SEALED
  readonly payload: Uint8Array
  /** Bytes; the answer is padded to a power of two up to it. */
  readonly maxResponse: number
  /**
   * Reads the answer, which no one but the enclave can have written.
   * @throws DcmlError `por_refused` where the host gave none, `sealed_unreadable`, `sealed_answer_invalid`
   */
  open(reply: Pick<PorReply, 'status' | 'payload'>): Promise<SealedAnswer>
}

export interface SealedOptions {
  /** Largest answer in bytes, a power of two from 1,024 to 1,048,576. Default 65,536. What it allows for is paid for. */
  readonly maxResponse?: number
  /** Unix time in milliseconds. Default `Date.now`. */
  readonly clock?: () => number
}

const answerSchema = v.object({
  status: v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)),
  modelH: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  body: v.string(),
})

/**
 * Seals a question to a verified enclave. Asked twice, the same bytes are answered once: a chat is paid for once.
 * @param attested what `verifyEvidence` or `client.evidence` returned
 * @throws DcmlError `sealed_too_large` above 64 KiB, `sealed_options_invalid`
 */
export async function sealedRequest(
  attested: Pick<Attested, 'claims'>,
  ask: SealedAsk,
  { maxResponse = 65_536, clock = Date.now }: SealedOptions = {},
): Promise<SealedRequest> {
  if (maxResponse < 1024 || maxResponse > MAX_SEALED_ANSWER || !Number.isInteger(Math.log2(maxResponse)))
    throw new DcmlError('sealed_options_invalid', `${maxResponse} bytes are no size of a sealed answer.`, {
      hint: 'Give a power of two from 1,024 to 1,048,576.',
    })
  const bigints = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value)
  const question = utf8(JSON.stringify({ at: Math.trunc(clock()), most: maxResponse, ask }, bigints))
  const { payload, openAnswer } = await sealQuestion(attested.claims.hpkeKey, question)
  return {
    app: SEALED,
    payload,
    maxResponse,
    async open({ status, payload }) {
      if (status !== 0) throw refused(payload)
      const answer = await openAnswer(payload)
      try {
        return v.parse(answerSchema, JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(answer)))
      } catch (cause) {
        throw new DcmlError('sealed_answer_invalid', 'The enclave answered what cannot be read.', {
          hint: 'Both sides must speak the same version.',
          cause,
        })
      }
    },
  }
}

const refusalSchema = v.object({ code: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,63}$/)) })

/** Unsealed, so it is the host's word: why there is no answer, in a code. */
export function refused(payload: Uint8Array): DcmlError {
  let reason = 'unknown'
  try {
    reason = v.parse(refusalSchema, JSON.parse(new TextDecoder().decode(payload))).code
  } catch {}
  return new DcmlError('por_refused', `The host has no answer of its enclave (${reason}).`, {
    hint: 'Its word is signed. Ask for fresh evidence: the enclave may have started anew.',
    details: { reason },
  })
}
