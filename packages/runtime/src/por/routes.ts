// What the host's node of Proof of Response brings to the enclave (paper §8). The node is the host's own program: all it
// says is taken for hearsay, and what it carries authenticates itself.
import type { EvidenceJson } from '@dcml/attestation'
import { type Chain, DcmlError, formatClosureRequest, fromBase64url, toBase64url, utf8 } from '@dcml/protocol'
import { CLOSE_CHANNEL, parseChannelClosing } from '@dcml/protocol/por'
import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import * as v from 'valibot'
import { parseJson, readBody } from '../api/body.ts'
import { asDcmlError, statusOf } from '../api/errors.ts'
import type { PaymentDesk } from '../payment/desk.ts'
import { answerSealed, type SealedOptions } from './sealed.ts'

/** Name of the application that gives evidence, in the clear: the payload is a nonce of 32 bytes. */
export const EVIDENCE = 'dcml/evidence'
/** Name of the application that seals. */
export const SEALED = 'dcml/sealed'

const MAX_PAYLOAD = 65_536
/** The payload in base64url, and what is around it. */
const MAX_BODY = Math.ceil((MAX_PAYLOAD * 4) / 3) + 1024

/** Body of the call. */
export const porSchema = v.strictObject({
  app: v.pipe(v.string(), v.regex(/^[a-z0-9/._-]{1,32}$/)),
  payload: v.pipe(v.string(), v.maxLength(Math.ceil((MAX_PAYLOAD * 4) / 3)), v.regex(/^[\w-]*$/)),
  /** For the log, as the node knows them. */
  requester: v.pipe(v.string(), v.regex(/^[a-z0-9._-]{2,64}$/)),
  requestHash: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
})

/** What became of a request, for the log: nothing of what was said. */
export interface PorLine {
  readonly app: string
  readonly requester: string
  readonly requestHash: string
  /** 0: answered. 2: refused, with the code. */
  readonly status: 0 | 2
  readonly code?: string
}

export interface PorOptions extends SealedOptions {
  /** Given where completions are paid for. */
  readonly desk: PaymentDesk | undefined
  /** Evidence over a nonce, without a connection. @throws DcmlError `quote_busy`, `quote_failed` */
  readonly quote: (nonce: Uint8Array) => Promise<EvidenceJson>
  readonly observe: (line: PorLine) => void
}

/**
 * `POST /por` below `/dcml/v1`: `{ status, payload }`, for the node to sign. A refusal for good is an answer too, status
 * 2 with its code; what may yet change is an error as everywhere, for the node to try again.
 */
export function porRoutes(options: PorOptions): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.post('/por', async (c) => {
    const request = parseJson(porSchema, await readBody(c.env.incoming, MAX_BODY))
    const { payload, ...line } = request
    const { status, code, bytes } = await answer(request.app, fromBase64url(payload), options)
    options.observe({ ...line, status, ...(code !== undefined && { code }) })
    return c.json({ status, payload: toBase64url(bytes) })
  })
  return app
}

interface Answer {
  readonly status: 0 | 2
  readonly bytes: Uint8Array
  readonly code?: string
}

async function answer(app: string, payload: Uint8Array, options: PorOptions): Promise<Answer> {
  try {
    if (app === SEALED) return { status: 0, bytes: await answerSealed(payload, options) }
    if (app === EVIDENCE) return { status: 0, bytes: utf8(JSON.stringify(await evidence(payload, options))) }
    if (app === CLOSE_CHANNEL && options.desk !== undefined)
      return { status: 0, bytes: utf8(await closeChannel(payload, options.desk)) }
    throw appUnknown()
  } catch (fault) {
    const error = asDcmlError(fault)
    if (error.retryable || statusOf(error) >= 500) throw error
    return { status: 2, code: error.code, bytes: utf8(JSON.stringify({ code: error.code })) }
  }
}

function evidence(nonce: Uint8Array, { quote }: PorOptions): Promise<EvidenceJson> {
  if (nonce.length === 32) return quote(nonce)
  throw new DcmlError('evidence_request_invalid', 'The payload is no nonce of 32 bytes.', {
    hint: 'Draw one at random.',
  })
}

/** `request_channel_closure`. The seed of the opening is between payer, host and contract: the enclave knows its channels. */
function closeChannel(payload: Uint8Array, desk: PaymentDesk): Promise<string> {
  const { closure } = parseChannelClosing(payload)
  const { networkId, contract } = closure.request.domain
  // said of a channel that is unknown here too, so that nobody looks for it elsewhere
  if (networkId !== desk.chain.networkId || contract !== desk.chain.contract) throw foreign(desk.chain)
  return desk.requestClosure({ request: formatClosureRequest(closure) })
}

const foreign = ({ networkId, contract }: Chain): DcmlError =>
  new DcmlError('closure_request_foreign', `This enclave is paid through ${contract} on ${networkId}.`, {
    hint: 'Ask the host of the enclave that the channel was opened with.',
  })

const appUnknown = (): DcmlError =>
  new DcmlError('por_app_unknown', 'This enclave has no such application.', {
    hint: `It answers for ${SEALED}, ${EVIDENCE} and, where completions are paid for, ${CLOSE_CHANNEL}.`,
  })
