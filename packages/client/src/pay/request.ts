// One paid request, from its first voucher to its receipt.
import { allow, type Demand } from '@dcml/channels'
import { DcmlError, equalBytes, type SignedReceipt, type TokenCounts } from '@dcml/protocol'
import type { IncomingResponse } from '../transport.ts'
import { parseJson, readBody, readDemand, readHostError } from './host-answer.ts'
import { refusal } from './refusal.ts'
import type { Payment, Till } from './till.ts'

/** Times that one request is sent: others beside it use up what was paid, and their vouchers overtake its own. */
const MAX_ROUNDS = 12

/** What `connectAttested` and the transports refuse with before a byte of a request has left. */
const NEVER_LEFT: ReadonlySet<string> = new Set([
  'address_invalid',
  'attestation_aborted',
  'attestation_refused',
  'attestation_timeout',
  'browser_unsupported',
  'evidence_malformed',
  'evidence_missing',
  'evidence_too_large',
  'headers_too_large',
  'peer_unreachable',
  'secure_context_required',
  'tls_failed',
])

/** The payer's own limits: they end a request where it would cost more, and no sooner. */
const REFUSALS: ReadonlySet<string> = new Set(['payment_limit_reached', 'payment_deposit_exhausted'])

/** What a request goes out with. */
export interface Ticket {
  /** Text form. */
  readonly voucher: string
  /** yoctoNEAR that the request may cost in all for now. */
  readonly allowed: bigint
}

export class PaidRequest {
  readonly #till: Till
  readonly #requestH: Uint8Array
  /** Most that the enclave was told the request may cost. */
  #allowed: bigint
  /** Of that, what it is known to have heard. */
  #told = 0n
  #payment: Payment | undefined
  #ended = false

  /** @param isStreamed an answer that is not is affordable at its worst, or not given at all */
  constructor(till: Till, requestH: Uint8Array, isStreamed: boolean) {
    this.#till = till
    this.#requestH = requestH
    const { payer } = till.purse
    this.#allowed = isStreamed ? allow(payer) : payer.policy.perRequestLimit
  }

  /**
   * Sends it with a voucher, and again where the enclave asks for more within the limits.
   * @param send sends it once, with this
   * @throws DcmlError those of {@link Till}, `payment_enclave_changed`, and what `send` throws
   */
  async send(send: (ticket: Ticket) => Promise<IncomingResponse>): Promise<IncomingResponse> {
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
   * @param shown parts of the answer so far, each of a token or more: an enclave that lies must not have one request use up
   * what the others share with it
   * @returns why no more is paid; what was authorised still comes @throws DcmlError those of {@link Till}
   */
  async resume(demand: Demand, shown: number): Promise<DcmlError | undefined> {
    const { terms, policy } = this.#till.purse.payer
    const least = BigInt(shown) * (terms.prices.ownerOutput + terms.prices.hostOutput)
    if (least >= policy.perRequestLimit) return limitReached(least, policy.perRequestLimit)
    try {
      this.#allow(demand)
      const allowed = this.#allowed
      await this.#till.resume(demand, this.#payment!.floor, { allowed, told: this.#told })
      if (allowed > this.#told) this.#told = allowed
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
    if (error.code === 'payment_required') {
      const demand = readDemand(parseJson(bytes))
      this.#allow(demand)
      return this.#till.meet(demand, this.#payment!.floor, 2 ** round)
    }
    if (error.code !== 'voucher_stale') return undefined
    this.#till.requireNewest(this.#payment!)
    return this.#till.again()
  }

  /** @throws DcmlError `payment_limit_reached` */
  #allow(demand: Demand): void {
    const allowed = allow(this.#till.purse.payer, demand)
    if (allowed > this.#allowed) this.#allowed = allowed
  }

  async #sendOnce(send: (ticket: Ticket) => Promise<IncomingResponse>): Promise<IncomingResponse> {
    let response: IncomingResponse
    try {
      this.#told = this.#allowed
      response = await send({ voucher: this.#payment!.voucher, allowed: this.#allowed })
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
    await this.#till[how](this.#requestH, this.#allowed).catch(() => {})
  }
}

const limitReached = (cost: bigint, limit: bigint): DcmlError =>
  refusal(
    'payment_limit_reached',
    'The request would cost more than its limit.',
    'Raise perRequestLimit, or let the request go.',
    { cost, limit },
  )
