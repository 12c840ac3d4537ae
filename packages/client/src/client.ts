import type { Attested } from '@dcml/attestation'
import { DcmlError, type Hasher } from '@dcml/protocol'
import type { Settings } from './options.ts'
import { ReceiptKeeper } from './receipts/keeper.ts'
import type { ReceiptStore } from './receipts/store.ts'
import { type GuardOptions, guardEvents, guardJson, missingReceipt } from './response/guard.ts'
import type { IncomingResponse, Transport } from './transport.ts'

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
  /** Closes every connection; answers under way fail with `client_closed`. */
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

  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(isRequest(input) ? input : new URL(input, endpoint), init)
    const url = new URL(request.url)
    if (url.origin !== endpoint.origin) throw otherOrigin(url, endpoint)
    const { method, headers, signal } = request
    const body = new Uint8Array(await request.arrayBuffer())
    await keeper.ready()
    signal.throwIfAborted()
    const sentAt = clock()
    const response = await transport.send({ method, target: url.pathname + url.search, headers, body, signal })
    newest = response.session.attested
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel()
      throw redirected(response.status)
    }
    const exempt = method === 'GET' || method === 'HEAD' || url.pathname.startsWith(CONTROL)
    if (exempt || response.status >= 400) return toResponse(url, response, response.body)
    const { session } = response
    const exchange = { session, request: body, headerModelH: response.headers.get('dcml-model-h'), sentAt }
    const verify: GuardOptions['verify'] = (answer) => keeper.judge(exchange, answer)
    return toResponse(url, response, guarded(response, { createHasher, verify }))
  }

  return {
    fetch,
    receipts,
    close: () => transport.close(),
    async evidence() {
      if (newest === undefined) {
        const response = await fetch(new URL('/v1/models', endpoint))
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
