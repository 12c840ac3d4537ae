// One paid request, from its first voucher to its receipt.
import type { Demand } from '@dcml/channels'
import { DcmlError, equalBytes, type SignedReceipt, type TokenCounts } from '@dcml/protocol'
import type { IncomingResponse } from '../transport.ts'
import { parseJson, readBody, readDemand, readHostError } from './host-answer.ts'
import { refusal } from './refusal.ts'
import type { Payment, Till } from './till.ts'

/** Times that one request is sent: others beside it use up what was paid, and their vouchers overtake its own. */
const MAX_ROUNDS = 12

/** What `connectAttested` and the transport refuse with before a byte of a request has left. */
const NEVER_LEFT: ReadonlySet<string> = new Set([
  'address_invalid',
  'attestation_aborted',
  'attestation_refused',
  'attestation_timeout',
  'evidence_malformed',
  'evidence_missing',
  'evidence_too_large',
  'peer_unreachable',
  'tls_failed',
])

/** The payer's own limits: they end a request where it would cost more, and no sooner. */
const REFUSALS: ReadonlySet<string> = new Set(['payment_limit_reached', 'payment_deposit_exhausted'])

export class PaidRequest {
  readonly #till: Till
  readonly #requestH: Uint8Array
  #payment: Payment | undefined
  #ended = false

  constructor(till: Till, requestH: Uint8Array) {
    this.#till = till
    this.#requestH = requestH
  }

  /**
   * Sends it with a voucher, and again where the enclave asks for more within the limits.
   * @param send sends it once, with this voucher
   * @throws DcmlError those of {@link Till}, `payment_enclave_changed`, and what `send` throws
   */
  async send(send: (voucher: string) => Promise<IncomingResponse>): Promise<IncomingResponse> {
    this.#payment = await this.#till.begin(this.#requestH)
    try {
      for (let round = 1; ; round++) {
        const response = await this.#sendOnce(send)
        if (response.status < 400) return response
        const bytes = await readBody(response)
        const error = response.status === 402 || response.status === 409 ? readHostError(parseJson(bytes)) : undefined
        const next = round < MAX_ROUNDS && error !== undefined ? await this.#answerTo(error, bytes, round) : undefined
        if (next === undefined) {
          await this.#end('drop')
          return { ...response, body: new Response(bytes).body }
        }
        this.#payment = next
      }
    } catch (error) {
      await this.#end('drop')
      throw error
    }
  }

  /**
   * Pays for a stream that waits or soon will.
   * @param shown parts of the answer so far, each of a token or more: requests side by side share a ceiling, and one of
   * them must not use up that of the others
   * @returns why no more is paid; what was authorised still comes @throws DcmlError those of {@link Till}
   */
  async resume(demand: Demand, shown: number): Promise<DcmlError | undefined> {
    const { terms, policy } = this.#till.purse.payer
    const least = BigInt(shown) * (terms.prices.ownerOutput + terms.prices.hostOutput)
    if (least >= policy.perRequestLimit) return limitReached(least, policy.perRequestLimit)
    try {
      await this.#till.resume(demand, this.#payment!.floor)
      return undefined
    } catch (error) {
      if (DcmlError.isInstance(error) && REFUSALS.has(error.code)) return error
      throw error
    }
  }

  /** Checks the receipt. @throws DcmlError those of `takeReceipt` */
  async take(signed: SignedReceipt, counted: TokenCounts): Promise<void> {
    await this.#till.take(signed, this.#requestH, counted)
    this.#ended = true
  }

  /** Ends it without a receipt; nothing where there was one. */
  end(): Promise<void> {
    return this.#end('abandon')
  }

  /** @returns what to send it with again; undefined where the answer is the application's to see */
  async #answerTo(error: DcmlError, bytes: Uint8Array, round: number): Promise<Payment | undefined> {
    if (error.code === 'payment_required')
      return this.#till.meet(readDemand(parseJson(bytes)), this.#payment!.floor, 2 ** round)
    if (error.code !== 'voucher_stale') return undefined
    this.#till.requireNewest(this.#payment!)
    return this.#till.again()
  }

  async #sendOnce(send: (voucher: string) => Promise<IncomingResponse>): Promise<IncomingResponse> {
    let response: IncomingResponse
    try {
      response = await send(this.#payment!.voucher)
    } catch (error) {
      await this.#end(DcmlError.isInstance(error) && NEVER_LEFT.has(error.code) ? 'drop' : 'abandon')
      throw error
    }
    const { sessionKey } = this.#till.purse.payer.terms
    if (equalBytes(response.session.attested.claims.sessionKey, sessionKey)) return response
    await response.body?.cancel()
    throw refusal(
      'payment_enclave_changed',
      'Another enclave answers here than the one that this channel was opened with.',
      'Close the channel and open one with the new enclave.',
    )
  }

  async #end(how: 'drop' | 'abandon'): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    // it stays under way in the file: the next start lets it go
    await this.#till[how](this.#requestH).catch(() => {})
  }
}

const limitReached = (cost: bigint, limit: bigint): DcmlError =>
  refusal(
    'payment_limit_reached',
    'The request would cost more than its limit.',
    'Raise perRequestLimit, or let the request go.',
    { cost, limit },
  )
