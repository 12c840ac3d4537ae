// The application `dcml/sealed`: calls of the attested port, sealed to the enclave's key, for those who reach it through
// relays only. What is sealed becomes the same call as over TLS, and is judged, limited and paid for as that.
import { openQuestion } from '@dcml/attestation'
import { ALLOWANCE_HEADER, PAYMENT_CALLS, VOUCHER_HEADER } from '@dcml/channels'
import { DcmlError, toHex, utf8 } from '@dcml/protocol'
import * as v from 'valibot'
import { parseJson } from '../api/body.ts'
import { asDcmlError, errorBody, statusOf } from '../api/errors.ts'
import type { Inner, InnerAnswer, InnerCall } from './inner.ts'
import type { Replays } from './replays.ts'

/** Answers have one of these sizes once sealed. */
const sizes = Array.from({ length: 11 }, (_, power) => 1024 * 2 ** power)
const LEAST = 1024

const text = v.pipe(v.string(), v.maxLength(65_536))
const questionSchema = v.strictObject({
  /** When it was sealed, ms since 1970. */
  at: v.pipe(v.number(), v.safeInteger()),
  /** Longest answer in bytes, sealed. */
  most: v.picklist(sizes),
  ask: v.variant('kind', [
    v.strictObject({ kind: v.literal('ping') }),
    v.strictObject({ kind: v.literal('close-channel'), request: text }),
    v.strictObject({
      kind: v.literal('chat'),
      /** Exact bytes of the request, which the receipt is about. */
      body: text,
      voucher: v.optional(v.pipe(v.string(), v.maxLength(2048), v.regex(/^[\w-]+$/))),
      allowance: v.optional(v.pipe(v.string(), v.regex(/^\d{1,39}$/))),
    }),
  ]),
})
type Ask = v.InferOutput<typeof questionSchema>['ask']

export interface SealedOptions {
  /** X25519, 32 bytes. */
  readonly privateKey: Uint8Array
  readonly inner: Inner
  readonly replays: Replays
}

/**
 * Answers a sealed question, faults included: what went wrong is between its sender and the enclave.
 * @throws DcmlError `sealed_unreadable`, where there is nobody to answer to
 */
export async function answerSealed(
  payload: Uint8Array,
  { privateKey, inner, replays }: SealedOptions,
): Promise<Uint8Array> {
  const { message, oneTimeKey, sealAnswer } = await openQuestion(privateKey, payload)
  let most = LEAST
  try {
    const { at, ask, ...question } = parseJson(questionSchema, message)
    most = question.most
    replays.requireFresh(at)
    const answer = async (): Promise<Uint8Array> => {
      const answered = await inner(callOf(ask)).catch(faultOf)
      return sealAnswer(encode(answered), most).catch((error) => sealAnswer(encode(faultOf(error)), most))
    }
    // awaited here, so that what it refuses is sealed below
    return await (ask.kind === 'chat' ? replays.once(toHex(oneTimeKey), answer) : answer())
  } catch (error) {
    return sealAnswer(encode(faultOf(error)), most)
  }
}

function callOf(ask: Ask): InnerCall {
  const json = { 'content-type': 'application/json' }
  if (ask.kind === 'ping') return { method: 'GET', path: '/dcml/v1/model-h', headers: {}, body: '' }
  if (ask.kind === 'close-channel')
    return {
      method: 'POST',
      path: PAYMENT_CALLS.requestClosure,
      headers: json,
      body: JSON.stringify({ request: ask.request }),
    }
  requireWhole(ask.body)
  const headers = {
    ...json,
    ...(ask.voucher !== undefined && { [VOUCHER_HEADER]: ask.voucher }),
    ...(ask.allowance !== undefined && { [ALLOWANCE_HEADER]: ask.allowance }),
  }
  return { method: 'POST', path: '/v1/chat/completions', headers, body: ask.body }
}

/** A stream that waits for vouchers has nobody here to ask for them. */
function requireWhole(body: string): void {
  const { stream } = parseJson(v.looseObject({ stream: v.optional(v.unknown()) }), utf8(body))
  if (stream === true)
    throw new DcmlError('por_streamed', 'Answers over Proof of Response are not streamed.', {
      hint: 'Leave out "stream".',
    })
}

const encode = ({ status, modelH, body }: InnerAnswer): Uint8Array => utf8(JSON.stringify({ status, modelH, body }))

function faultOf(fault: unknown): InnerAnswer {
  const error = asDcmlError(fault)
  return { status: statusOf(error), modelH: undefined, body: errorBody(error) }
}
