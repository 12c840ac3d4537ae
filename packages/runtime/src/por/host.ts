// What a host's node of Proof of Response does with requests for its enclave: `dcml por node --runtime`. A node signs every
// answer, and a wrong one to a request to close costs the lock. So this one brings what the enclave lacks, and waits.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bundle, firstLeg, formatWire, PAYMENT_CALLS, wire } from '@dcml/channels'
import { type LightClientState, parseTrustRoot } from '@dcml/light-client'
import { DcmlError, formatClosureRequest, fromBase64url, toBase64url, toHex, utf8 } from '@dcml/protocol'
import {
  type ChannelClosing,
  CLOSE_CHANNEL,
  CLOSE_CHANNEL_RESPONSE,
  CLOSE_CHANNEL_SERVICE,
  parseChannelClosing,
} from '@dcml/protocol/por'
import * as v from 'valibot'
import { type EnclaveLine, enclaveLine } from './enclave-line.ts'
import { EVIDENCE, SEALED } from './routes.ts'

/** Answers requests of one application, as a node of `@dcml/por` calls it. */
export type PorHandler = (
  payload: Uint8Array,
  about: {
    readonly requester: string
    readonly requestHash: Uint8Array
    /** Milliseconds until the answer is late, and is paid for. */
    readonly service: number
    /** Longest answer in bytes. */
    readonly maxResponse: number
    readonly signal: AbortSignal
  },
) => Promise<{ readonly status: 0 | 2; readonly payload: Uint8Array }>

export interface RuntimeHandlersOptions {
  /**
   * Origin of the runtime's admin port. Its attested port does too, but there strangers stand in the same lines, and who
   * keeps those full keeps a host from answering for its lock.
   */
  readonly runtime: string
  /**
   * Proves an opening to a light client that stands at `from`, as `openingProver` of `@dcml/near/model` does:
   * `(opening, from, signal) => prove({ ...opening, from, signal })`; with one prover for all enclaves of a host. The
   * contract is the enclave's own. Null where it knows no such channel of this seed. Without it, a channel that was never
   * shown to the enclave costs its lock.
   */
  readonly proveOpening?: (
    opening: { readonly contract: string; readonly channelId: bigint; readonly seed: Uint8Array },
    from: LightClientState,
    signal: AbortSignal,
  ) => Promise<Bundle | null>
  /** How long a request to close waits for an enclave that is busy, starting or unreachable, in ms. Default 600,000. */
  readonly patienceMs?: number
  /** Told of what is tried again, for the log: no payload. */
  readonly onFault?: (fault: DcmlError) => void
}

const answerSchema = v.object({
  status: v.picklist([0, 2]),
  payload: v.pipe(
    v.string(),
    v.transform((text) => fromBase64url(text)),
  ),
})
const refusalSchema = v.pipe(v.string(), v.parseJson(), v.object({ code: v.string() }))

/** Longer than the longest generation; and for one try at a closure. */
const [ANSWER_MS, CLOSING_MS] = [660_000, 30_000]
const [SOON, LATER] = [250, 5000]

type Answer = Awaited<ReturnType<PorHandler>>
type About = Parameters<PorHandler>[1]

/**
 * Handlers for the node beside a runtime, by application. A failure is status 2 with `{"code":"…"}`: the enclave's own
 * code, `enclave_unreachable`, `enclave_answer_invalid`, `por_service_short` or `por_response_short`.
 */
export function runtimeHandlers(options: RuntimeHandlersOptions): Record<string, PorHandler> {
  const line = enclaveLine(options.runtime, ANSWER_MS)
  const closing = enclaveLine(options.runtime, CLOSING_MS)
  const passing =
    (app: string): PorHandler =>
    (payload, about) =>
      inTime(pass(line, app, payload, about).catch(refusalOf), about.service)
  return {
    // whatever is wrong with these, the sender is told at once and may ask again
    [EVIDENCE]: passing(EVIDENCE),
    [SEALED]: passing(SEALED),
    [CLOSE_CHANNEL]: (payload, about) => closeChannel(closing, payload, about, options),
  }
}

const pass = (line: EnclaveLine, app: string, payload: Uint8Array, about: About): Promise<Answer> =>
  line.ask(
    answerSchema,
    '/dcml/v1/por',
    JSON.stringify({
      app,
      payload: toBase64url(payload),
      requester: about.requester,
      requestHash: toHex(about.requestHash),
    }),
  )

/** A late answer is paid for by the host, at the requester's rate: this one is in time, and the other is kept. */
async function inTime(answer: Promise<Answer>, service: number): Promise<Answer> {
  const over = new AbortController()
  try {
    return await Promise.race([
      answer,
      sleep(Math.min(service, ANSWER_MS), refusalOf(short()), { signal: over.signal }),
    ])
  } finally {
    over.abort()
  }
}

/** Tries until the enclave has said yes or no: silence costs an edge, a signed excuse the lock. */
async function closeChannel(
  line: EnclaveLine,
  payload: Uint8Array,
  about: About,
  { proveOpening, patienceMs = 600_000, onFault }: RuntimeHandlersOptions,
): Promise<Answer> {
  // no contract holds this against the host, and waiting would be paid for
  if (about.service < CLOSE_CHANNEL_SERVICE) return refusalOf(short())
  if (about.maxResponse < CLOSE_CHANNEL_RESPONSE) return refusalOf(narrow())
  let closing: ChannelClosing
  try {
    closing = parseChannelClosing(payload)
  } catch (error) {
    return refusalOf(error)
  }
  const begun = performance.now()
  let patience = patienceMs
  for (let delay = SOON; ; delay = Math.min(2 * delay, LATER)) {
    let fault: DcmlError
    try {
      const answer = await pass(line, CLOSE_CHANNEL, payload, about)
      if (answer.status === 0) return answer
      fault = faultIn(answer)
      if (proveOpening !== undefined && fault.code === 'channel_unknown') {
        // any stranger can ask about channels that are none: silence while the chain cannot be asked would cost all edges
        patience = Math.min(patienceMs, about.service)
        const { channelId, domain } = closing.closure.request
        const opening = { contract: domain.contract, channelId, seed: closing.seed }
        return (await withOpening(line, closing, (from) => proveOpening(opening, from, about.signal))) ?? answer
      }
    } catch (error) {
      fault = asFault(error)
    }
    if (isFinal(fault) || performance.now() + delay > begun + patience) return refusalOf(fault)
    onFault?.(fault)
    // what a closing node does not say, it can say when it is back
    await sleep(delay, undefined, { signal: about.signal }).catch(() => new Promise(() => {}))
  }
}

/** Null where there is no such channel: nothing can be held against the host then. */
async function withOpening(
  line: EnclaveLine,
  { closure }: ChannelClosing,
  prove: (from: LightClientState) => Promise<Bundle | null>,
): Promise<Answer | null> {
  let { state } = await line.ask(wire.lightClient, PAYMENT_CALLS.lightClient)
  for (;;) {
    const opening = await prove(parseTrustRoot(state))
    if (opening === null) return null
    const leg = firstLeg(opening)
    if (leg === undefined) {
      const question = formatWire({ request: formatClosureRequest(closure), opening })
      const { approval } = await line.ask(wire.approval, PAYMENT_CALLS.requestClosure, question)
      return { status: 0, payload: utf8(approval) }
    }
    const before = state
    ;({ state } = await line.ask(wire.lightClient, PAYMENT_CALLS.lightClient, formatWire(leg)))
    if (state === before) throw stuck()
  }
}

/**
 * What the enclave says of the request itself: no contract holds that against its host, or another enclave has to answer.
 * Whatever else goes wrong is tried again: one that is full, unsure or without its model may be well in a moment.
 */
const isFinal = ({ code }: DcmlError): boolean =>
  /^(channel_(unknown|not_ours|closing_malformed)|closure_request_(malformed|foreign|forged))$/.test(code)

const asFault = (error: unknown): DcmlError =>
  DcmlError.isInstance(error)
    ? error
    : new DcmlError('internal', 'The handler failed in a way it did not foresee.', {
        hint: 'See its log.',
        cause: error,
      })

const refusalOf = (error: unknown): Answer => ({
  status: 2,
  payload: utf8(JSON.stringify({ code: asFault(error).code })),
})

function faultIn({ payload }: Answer): DcmlError {
  const read = v.safeParse(refusalSchema, new TextDecoder().decode(payload))
  const code = read.success ? read.output.code : 'enclave_answer_invalid'
  return new DcmlError(code, `The enclave does not approve (${code}).`, { hint: 'See its log.' })
}

const short = (): DcmlError =>
  new DcmlError('por_service_short', 'The request leaves the enclave too little time.', {
    hint: `Allow for more service: to close a channel, ${CLOSE_CHANNEL_SERVICE} ms.`,
  })

const narrow = (): DcmlError =>
  new DcmlError('por_response_short', 'The request leaves the enclave too little room.', {
    hint: `Allow for a longer response: to close a channel, ${CLOSE_CHANNEL_RESPONSE} bytes.`,
  })

const stuck = (): DcmlError =>
  new DcmlError('light_client_stuck', 'The light client of the enclave stays where it is.', {
    hint: 'It is asked again.',
    retryable: true,
  })
