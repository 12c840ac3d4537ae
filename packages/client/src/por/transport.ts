// Carries a client's requests over Proof of Response, sealed: the same client, payments and receipts as over TLS, for an
// enclave that only relays reach.
import { AttestationRefused, type EvidenceJson, verifyEvidence } from '@dcml/attestation'
import { ALLOWANCE_HEADER, PAYMENT_CALLS, VOUCHER_HEADER } from '@dcml/channels'
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import type { Settings } from '../options.ts'
import type { OutgoingRequest, Session, Transport } from '../transport.ts'
import type { PorReply, PorRequester, PorTerms } from './requester.ts'
import { refused, type SealedAsk, sealedRequest } from './sealed.ts'

/** Name of the application that gives evidence. */
const EVIDENCE = 'dcml/evidence'
const MAX_EVIDENCE = 131_072

/** Where the enclave is, and what asking it may cost. */
export interface PorRoute {
  readonly requester: PorRequester
  /** Account of the host's node. */
  readonly target: string
  /** Of each request. */
  readonly terms: PorTerms
  /** Largest answer in bytes, a power of two. Default 65,536. */
  readonly maxResponse?: number
}

/** A transport that asks for evidence first, by a nonce of its own, and again once the enclave has started anew. */
export function porTransport(
  { requester, target, terms, maxResponse }: PorRoute,
  { policy, roots, clock }: Pick<Settings, 'policy' | 'roots' | 'clock'>,
): Transport {
  let session: Promise<Session> | undefined
  const closed = new AbortController()

  async function ask(app: string, payload: Uint8Array, most: number, cancel?: AbortSignal): Promise<PorReply> {
    const signals = [closed.signal, terms.signal, cancel].filter((signal) => signal !== undefined)
    const service = terms.service ?? Math.floor(terms.budget / 2)
    const options = { ...terms, service, app, maxResponse: most, signal: AbortSignal.any(signals) }
    const answer = await requester.request(target, payload, options)
    if ('response' in answer) return answer.response
    throw new DcmlError('por_broken', `An edge on the way to ${target} was cut.`, {
      hint: 'Ask again: it goes another way. A host that stays silent can be isolated.',
      retryable: true,
    })
  }

  async function attest(): Promise<Session> {
    const nonce = crypto.getRandomValues(new Uint8Array(32))
    const { status, payload } = await ask(EVIDENCE, nonce, MAX_EVIDENCE)
    if (status !== 0) throw refused(payload)
    const now = new Date(clock())
    const attested = await verifyEvidence({
      evidence: payload,
      // there is no connection to bind it to: what is sealed to its key is for this enclave alone
      policy: { ...policy, binding: 'key' },
      ...(roots && { roots }),
      now,
      expect: { purpose: 'session', nonce },
    })
    if (!attested.ok) throw new AttestationRefused(attested, now)
    return { attested, evidence: JSON.parse(new TextDecoder().decode(payload)) as EvidenceJson }
  }

  /** The session in use; a failed one is tried anew by the next request. */
  function current(): Promise<Session> {
    session ??= attest().catch((error) => {
      session = undefined
      throw error
    })
    return session
  }

  return {
    async send(request) {
      const asked = askOf(request)
      const { attested, evidence } = await current()
      request.signal.throwIfAborted()
      const options = { clock, ...(maxResponse !== undefined && { maxResponse }) }
      const sealed = await sealedRequest(attested, asked, options)
      const reply = await ask(sealed.app, sealed.payload, sealed.maxResponse, request.signal)
      // it may have started anew, with another key
      if (reply.status !== 0) session = undefined
      const { status, modelH, body } = await sealed.open(reply)
      return {
        status,
        statusText: '',
        headers: new Headers({
          'content-type': 'application/json',
          ...(modelH !== undefined && { 'dcml-model-h': modelH }),
        }),
        body: new Response(body).body,
        session: { attested, evidence },
      }
    },
    close: () => closed.abort(new DcmlError('client_closed', 'The client was closed.', { hint: 'Make another one.' })),
  }
}

const closureSchema = v.object({ request: v.string(), opening: v.optional(v.undefined()) })

/** @throws DcmlError `por_call_unsupported` */
function askOf({ method, target, headers, body }: OutgoingRequest): SealedAsk {
  const text = new TextDecoder().decode(body)
  if (method === 'GET' && target === '/dcml/v1/model-h') return { kind: 'ping' }
  if (method === 'POST' && target === '/v1/chat/completions') {
    const [voucher, allowance] = [headers.get(VOUCHER_HEADER), headers.get(ALLOWANCE_HEADER)]
    return {
      kind: 'chat',
      body: text,
      ...(voucher !== null && { voucher }),
      ...(allowance !== null && { allowance: BigInt(allowance) }),
    }
  }
  if (method === 'POST' && target === PAYMENT_CALLS.requestClosure) {
    const closure = v.safeParse(closureSchema, JSON.parse(text))
    if (closure.success) return { kind: 'close-channel', request: closure.output.request }
  }
  throw new DcmlError('por_call_unsupported', `${method} ${target} does not travel over Proof of Response.`, {
    hint: 'Whole chat completions and requests to close do. Open and top up channels over TLS.',
    details: { target },
  })
}
