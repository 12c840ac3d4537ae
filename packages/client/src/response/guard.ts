// Lets an answer through while it is hashed, and its end only after the receipt proved it.
import { type Demand, readDemandComment } from '@dcml/channels'
import { concatBytes, DcmlError, type DcmlField, detachDcml, type Hasher, ResponseHash } from '@dcml/protocol'
import * as v from 'valibot'
import type { Usage } from '../receipts/check.ts'
import { fail, ReceiptRefused } from '../receipts/outcome.ts'
import { EventSplitter, malformedResponse } from './events.ts'
import { shownUsage } from './usage.ts'

/** An answer at its end, as it was received. */
export interface Answer {
  readonly field: DcmlField
  readonly responseH: Uint8Array
  readonly usage: Usage | undefined
}

export interface GuardOptions {
  /** A fresh SHA-256. */
  readonly createHasher: () => Hasher
  /** Throws unless the receipt proves the answer. */
  readonly verify: (answer: Answer) => Promise<void>
  /** Sees every payload, without the receipt. */
  readonly see?: ((payload: string) => void) | undefined
  /**
   * Pays for a stream that waits or soon will. The stream fails where this throws, and where it resolves to a refusal, once
   * nothing more comes without payment. Left out: demands pass as the comments they are.
   */
  readonly onDemand?: ((demand: Demand) => Promise<DcmlError | undefined>) | undefined
}

/** An answer in one piece is held back until it was verified, so it has a limit. */
const MAX_JSON_BYTES = 128 * 1024 * 1024

/** The error of an answer that nothing was signed for. */
export const missingReceipt = (why: string): DcmlError =>
  new DcmlError('receipt_missing', `The answer has no receipt: ${why}.`, {
    hint: 'Nothing proves which model answered. Ask again, or ask another host.',
    retryable: true,
  })

const parse = (payload: string): unknown => {
  try {
    return JSON.parse(payload)
  } catch (cause) {
    throw malformedResponse('a payload is not JSON', cause)
  }
}

/** The hash of an answer as far as it was received, and what it said of itself. */
class AnswerLog {
  readonly #hash: ResponseHash
  readonly #see: GuardOptions['see']
  #usage: Usage | undefined

  constructor({ createHasher, see }: GuardOptions) {
    this.#hash = new ResponseHash(createHasher())
    this.#see = see
  }

  /** Adds a payload; the answer is complete where it holds the receipt. */
  add(text: string): Answer | undefined {
    const { payload, field } = detach(text)
    this.#hash.add(payload)
    this.#see?.(payload)
    // text that a model writes cannot match: inside of JSON strings quotes are escaped
    if (field !== undefined || payload.includes('"usage":{')) this.#usage = shownUsage(parse(payload)) ?? this.#usage
    return field && { field, responseH: this.#hash.digest(), usage: this.#usage }
  }
}

function detach(text: string): { payload: string; field: DcmlField | undefined } {
  try {
    return detachDcml(text)
  } catch (error) {
    throw new ReceiptRefused([fail('receipt_format', (error as Error).message)])
  }
}

/**
 * For a stream of events: each passes as it comes, except that the one with the receipt waits until that was verified,
 * and that nothing but `[DONE]` comes after it. Fails the stream with `receipt_missing`, `receipt_invalid`
 * (a `ReceiptRefused`), `response_malformed`, or what `onDemand` throws.
 */
export function guardEvents(options: GuardOptions): TransformStream<Uint8Array, Uint8Array> {
  const splitter = new EventSplitter()
  const log = new AnswerLog(options)
  const unpaid = new Unpaid()
  let state: 'open' | 'proven' | 'done' = 'open'
  const fail = (controller: TransformStreamDefaultController<Uint8Array>, error: unknown): void => {
    // after the receipt there is nothing left to pay for
    if (state === 'open') controller.error(error)
  }
  return new TransformStream({
    async transform(chunk, controller) {
      unpaid.heard(controller)
      for (const { bytes, payload } of splitter.push(chunk)) {
        if (payload === '[DONE]') {
          if (state === 'open') throw missingReceipt('the stream was declared done without one')
          if (state === 'done') throw malformedResponse('the stream was declared done twice')
          state = 'done'
        } else if (payload !== undefined) {
          if (state !== 'open') throw malformedResponse('a payload follows the receipt')
          const refusal = unpaid.endedBy(payload)
          if (refusal !== undefined) throw refusal
          const answer = log.add(payload)
          if (answer !== undefined) {
            unpaid.over()
            await options.verify(answer)
            state = 'proven'
          }
        } else if (options.onDemand !== undefined) {
          const demand = demandIn(bytes)
          if (demand !== undefined) {
            // paid on the side: what is authorised already goes on meanwhile
            const turn = unpaid.turn()
            options.onDemand(demand).then(
              (refusal) => unpaid.answered(turn, refusal, controller),
              (error: unknown) => fail(controller, error),
            )
            continue
          }
        }
        controller.enqueue(bytes)
      }
    },
    flush() {
      unpaid.over()
      if (state === 'open') throw missingReceipt('the stream ended before one')
      if (splitter.incomplete) throw malformedResponse('the stream ended in the middle of an event')
    },
  })
}

/** How long a stream that is not paid for may be silent before it counts as waiting, in ms. Enclaves have patience too. */
const SILENCE_MS = 5_000

const unpaidError = v.object({ error: v.object({ code: v.literal('payment_required') }) })
/** By itself, or in the last event of a response. */
const unpaidSchema = v.union([unpaidError, v.object({ response: unpaidError })])

/** A stream whose next tokens are not paid for. What was paid for still comes; the refusal is told when nothing does. */
class Unpaid {
  #asked = 0
  #known = 0
  #refusal: DcmlError | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Numbers a demand. */
  turn(): number {
    return ++this.#asked
  }

  /** Takes what became of a demand; that of a later one counts, whichever is known first. */
  answered(
    turn: number,
    refusal: DcmlError | undefined,
    controller: TransformStreamDefaultController<Uint8Array>,
  ): void {
    if (turn < this.#known) return
    this.#known = turn
    this.#refusal = refusal
    this.heard(controller)
  }

  heard(controller: TransformStreamDefaultController<Uint8Array>): void {
    clearTimeout(this.#timer)
    const refusal = this.#refusal
    if (refusal !== undefined) this.#timer = setTimeout(() => controller.error(refusal), SILENCE_MS)
  }

  /** The enclave's own end of such a stream, told by what the payer refused. */
  endedBy(payload: string): DcmlError | undefined {
    if (this.#refusal === undefined || !payload.includes('payment_required')) return undefined
    return v.is(unpaidSchema, parse(payload)) ? this.#refusal : undefined
  }

  over(): void {
    this.#refusal = undefined
    clearTimeout(this.#timer)
  }
}

/** What an event without a payload asks for, if it is a pause. @throws DcmlError `wire_invalid` */
function demandIn(event: Uint8Array): Demand | undefined {
  const [line = ''] = new TextDecoder().decode(event).split('\n')
  return readDemandComment(line)
}

/** For an answer in one piece: nothing passes before all of it was verified. Fails as `guardEvents` does. */
export function guardJson(options: GuardOptions): TransformStream<Uint8Array, Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  return new TransformStream({
    transform(chunk) {
      size += chunk.length
      if (size > MAX_JSON_BYTES) throw malformedResponse(`it is longer than ${MAX_JSON_BYTES} bytes`)
      parts.push(chunk)
    },
    async flush(controller) {
      const body = concatBytes(...parts)
      let text: string
      try {
        text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
      } catch (cause) {
        throw malformedResponse('it is not UTF-8', cause)
      }
      const answer = new AnswerLog(options).add(text)
      if (answer === undefined) throw missingReceipt('its dcml member is not there')
      await options.verify(answer)
      controller.enqueue(body)
    },
  })
}
