import type { AnswerHead, Channel, OpenedAnswer } from '@dcml/attestation'
import { DcmlError } from '@dcml/protocol'
import { isBodiless, keptHeaders } from '../headers.ts'
import type { Settings } from '../options.ts'
import type { IncomingResponse, OutgoingRequest, Transport } from '../transport.ts'
import { openSession, PLAIN_POST } from './open.ts'
import { Patience } from './patience.ts'
import { Sessions } from './sessions.ts'

/** The browser's `fetch` for the sealed channel: whoever carries a request learns its size and time. */
export function browserTransport(settings: Settings): Transport {
  const { endpoint, policy, clock, silenceMs } = settings
  // the page may put the client's own in its place
  const fetch = globalThis.fetch.bind(globalThis)
  const closing = new AbortController()
  const sessions = new Sessions({
    open: () => openSession(settings, fetch, closing.signal),
    clock,
    maxAgeMs: policy.maxAgeSeconds * 1000,
  })

  async function ask(channel: Channel, request: OutgoingRequest, patience: Patience): Promise<OpenedAnswer> {
    const { method, target, headers, body } = request
    const sealed = await channel.seal({ method, path: target, headers: keptHeaders(headers) }, body)
    const url = new URL(sealed.path, endpoint)
    const response = fetch(url, { ...PLAIN_POST, body: sealed.payload, signal: patience.signal })
    const { status, body: answer } = await patience.wait(response, lost)
    if (status !== 200 || answer === null) {
      // nobody knows who says so, or whether the enclave has the request: asking again is for the caller to decide
      sessions.drop(channel)
      void answer?.cancel().catch(() => {})
      throw outerStatus(status)
    }
    return patience.wait(sealed.open(answer), lost)
  }

  async function send(request: OutgoingRequest): Promise<IncomingResponse> {
    const patience = new Patience([request.signal, closing.signal], silenceMs)
    patience.signal.throwIfAborted()
    const channel = await patience.wait(sessions.get(), lost)
    const { head, body } = await ask(channel, request, patience)
    const isEmpty = isBodiless(request.method, head.status)
    if (isEmpty) void body.cancel().catch(() => {})
    const { attested, evidence } = channel
    return {
      status: head.status,
      statusText: '',
      headers: headersOf(head),
      body: isEmpty ? null : readWith(patience, body),
      session: { attested, evidence },
    }
  }

  return { send, close: () => closing.abort(closed()) }
}

/** The same body, which fails at once when nobody waits any more. */
function readWith(patience: Patience, body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const { signal } = patience
        signal.addEventListener('abort', () => controller.error(signal.reason), { once: true })
      },
      async pull(controller) {
        const { done, value } = await patience.wait(reader.read(), lost)
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

function headersOf({ headers }: AnswerHead): Headers {
  const all = new Headers()
  for (const [name, value] of headers) all.append(name, value)
  return all
}

const lost = (cause: unknown): DcmlError =>
  new DcmlError('channel_lost', 'The connection broke before the answer was complete.', {
    hint: 'Ask again. Whether the enclave took the request is not known.',
    retryable: true,
    cause,
  })

const outerStatus = (status: number): DcmlError =>
  new DcmlError('channel_lost', `The host, or somebody before it, answered ${status} in place of the enclave.`, {
    hint: 'Ask again. Sessions end when a host is busy or was restarted; the next request opens a new one.',
    retryable: true,
    details: { status },
  })

const closed = (): DcmlError => new DcmlError('client_closed', 'The client was closed.', { hint: 'Make a new client.' })
