import type { Attested } from '@dcml/attestation'
import { ALLOWANCE_HEADER, VOUCHER_HEADER } from '@dcml/channels'
import { DcmlError, type Hasher } from '@dcml/protocol'
import type { Settings } from './options.ts'
import { Cashier } from './pay/cashier.ts'
import { writeChallenge } from './pay/challenge-file.ts'
import type { ChannelPayer } from './pay/channel.ts'
import { Desk } from './pay/desk.ts'
import type { PayOptions, ResumeOptions } from './pay/options.ts'
import type { Ticket } from './pay/request.ts'
import { ReceiptKeeper } from './receipts/keeper.ts'
import type { ReceiptStore } from './receipts/store.ts'
import { type GuardOptions, guardEvents, guardJson, missingReceipt } from './response/guard.ts'
import type { IncomingResponse, OutgoingRequest, Transport } from './transport.ts'

/** A verified way to one endpoint. */
export interface Client {
  /**
   * The standard `fetch`, for this endpoint alone. Every connection is verified before anything is sent on it, and every
   * answer to a POST must prove itself by a receipt: its body fails where it does not. URLs may be relative to the
   * endpoint; redirects are refused; HTTP errors (4xx, 5xx) pass as they are.
   *
   * Rejects, or fails the body, with a `DcmlError`: those of `connectAttested` (`attestation_refused`,
   * `peer_unreachable`, …), `endpoint_mismatch`, `redirect_refused`, `receipt_missing`, `receipt_invalid` (a
   * `ReceiptRefused` with its checks), `receipt_store_failed`, `response_malformed`, `connection_lost`,
   * `response_timeout`, `client_closed`. An abort rejects with the signal's reason, as everywhere.
   */
  readonly fetch: typeof globalThis.fetch
  /**
   * The newest verification of an enclave, with every check. Connects where there was none yet, so that it can be shown
   * before the first prompt. @throws DcmlError as `fetch`
   */
  evidence(): Promise<Attested>
  /** The receipts of all answers, refused ones included. */
  readonly receipts: ReceiptStore
  /**
   * Opens a payment channel with the verified enclave and pays from it (paper §6): afterwards `fetch` pays by itself,
   * within the limits. Where the store holds a channel that is still open it goes on with that one, wherever a crash left
   * it; call it again with the same store after one.
   *
   * `fetch` then rejects, or fails the body, besides with `payment_limit_reached`, `payment_deposit_exhausted`,
   * `payment_demand_wrong`, `payment_voucher_ignored`, `payment_enclave_changed`, `channel_used_elsewhere`,
   * `channel_closing`, `channel_store_failed`, and with what a receipt is refused for: `receipt_overcharged`,
   * `receipt_spent_fell`, `receipt_foreign`, `receipt_replayed`.
   * @throws DcmlError before any money moves `payment_not_offered`, `payment_enclave_mismatch`, `payment_provider_unfit`,
   * `payment_price_above_limit`, `payment_period_above_limit`, `payment_policy_invalid`, `payment_challenge_expired`,
   * `channel_store_busy`, `channel_store_used`, `channel_file_invalid`, `client_pays_already`; later
   * `channel_opening_wrong`, what the enclave refuses a proof with, those of the wallet and of `fetch`
   */
  pay(options: PayOptions): Promise<ChannelPayer>
  /**
   * Goes on with the channel of a store, and opens none: to close it, or to pay where there is no wallet.
   * @throws DcmlError `channel_store_empty`, `channel_store_busy`, `channel_key_missing`, `channel_file_invalid`,
   * `client_pays_already`, those of the wallet
   */
  resumeChannel(options: ResumeOptions): Promise<ChannelPayer>
  /**
   * Asks the enclave for a challenge, to open a channel with it from a machine that cannot reach it: see `openCarried`.
   * @returns the text of a file @throws DcmlError as `fetch`
   */
  challenge(): Promise<string>
  /** Closes every connection; answers under way fail with `client_closed`. A channel stays open. */
  close(): void
}

/** What a platform brings. */
export interface Platform {
  readonly transport: Transport
  /** A fresh SHA-256. */
  readonly createHasher: () => Hasher
}

/** Calls that pass no prompt and get no receipt. */
const CONTROL = '/dcml/v1/'

/** Puts a client together over any transport. */
export function clientOver({ transport, createHasher }: Platform, settings: Settings): Client {
  const { endpoint, policy, clock, receipts } = settings
  const keeper = new ReceiptKeeper({ receipts, policy, endpoint: endpoint.origin, clock, createHasher })
  let newest: Attested | undefined

  async function send(request: OutgoingRequest): Promise<IncomingResponse> {
    const response = await transport.send(request)
    newest = response.session.attested
    if (response.status < 300 || response.status >= 400) return response
    await response.body?.cancel()
    throw redirected(response.status)
  }
  const desk = new Desk(send)
  const cashier = new Cashier({ desk, clock, modelH: policy.modelH })

  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(isRequest(input) ? input : new URL(input, endpoint), init)
    const url = new URL(request.url)
    if (url.origin !== endpoint.origin) throw otherOrigin(url, endpoint)
    const { method, headers, signal } = request
    const body = new Uint8Array(await request.arrayBuffer())
    await keeper.ready()
    signal.throwIfAborted()
    const sentAt = clock()
    const outgoing = { method, target: url.pathname + url.search, headers, body, signal }
    const exempt = method === 'GET' || method === 'HEAD' || url.pathname.startsWith(CONTROL)
    const sale = exempt ? undefined : cashier.sell(body, digest(createHasher(), body))
    const response = await (sale === undefined
      ? send(outgoing)
      : sale.request.send((ticket) => send({ ...outgoing, headers: paying(headers, ticket) })))
    if (exempt || response.status >= 400) return toResponse(url, response, response.body)
    const { session } = response
    const headerModelH = response.headers.get('dcml-model-h')
    const exchange = { session, request: body, headerModelH, sentAt, ...(sale && { paid: sale.paid }) }
    const verify: GuardOptions['verify'] = (answer) => keeper.judge(exchange, answer)
    try {
      const answer = guarded(response, { createHasher, verify, see: sale?.see, onDemand: sale?.onDemand })
      return toResponse(url, response, sale === undefined ? answer : whenOver(answer, () => sale.request.end()))
    } catch (error) {
      await sale?.request.end()
      throw error
    }
  }

  return {
    fetch,
    receipts,
    pay: (options) => cashier.pay(options),
    resumeChannel: (options) => cashier.resume(options),
    challenge: () => writeChallenge(desk),
    close() {
      transport.close()
      void cashier.release().catch(() => {})
    },
    async evidence() {
      if (newest === undefined) {
        const response = await fetch(new URL('/dcml/v1/model-h', endpoint))
        await response.arrayBuffer()
      }
      return newest!
    },
  }
}

const isRequest = (input: Parameters<typeof globalThis.fetch>[0]): input is Request =>
  typeof input === 'object' && 'url' in input

/** The body of an answer that has to prove itself. */
function guarded({ body, headers }: IncomingResponse, options: GuardOptions): ReadableStream<Uint8Array> {
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (body !== null && type === 'text/event-stream') return body.pipeThrough(guardEvents(options))
  if (body !== null && type === 'application/json') return body.pipeThrough(guardJson(options))
  void body?.cancel()
  throw missingReceipt(body === null ? 'it has no body' : `${type ?? 'no type'} cannot hold one`)
}

const digest = (hasher: Hasher, bytes: Uint8Array): Uint8Array => {
  hasher.update(bytes)
  return Uint8Array.from(hasher.digest())
}

function paying(headers: Headers, { voucher, allowed }: Ticket): Headers {
  const all = new Headers(headers)
  all.set(VOUCHER_HEADER, voucher)
  all.set(ALLOWANCE_HEADER, `${allowed}`)
  return all
}

/** The same body, with word of its end: read to it, failed or given up. */
function whenOver(body: ReadableStream<Uint8Array>, over: () => Promise<void>): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          await over()
          controller.close()
        } catch (error) {
          await over()
          controller.error(error)
        }
      },
      async cancel(reason) {
        await reader.cancel(reason)
        await over()
      },
    },
    { highWaterMark: 0 },
  )
}

function toResponse(url: URL, { status, statusText, headers }: IncomingResponse, body: Response['body']): Response {
  const response = new Response(body, { status, statusText, headers })
  return Object.defineProperty(response, 'url', { value: url.href })
}

const otherOrigin = (url: URL, endpoint: URL): DcmlError =>
  new DcmlError('endpoint_mismatch', `${url.origin} is not ${endpoint.origin}, which this client verifies.`, {
    hint: 'Make a client for each endpoint.',
    details: { endpoint: endpoint.origin },
  })

const redirected = (status: number): DcmlError =>
  new DcmlError('redirect_refused', `The host answered with a redirect (${status}).`, {
    hint: 'An enclave does not redirect. Use another host.',
    details: { status },
  })
