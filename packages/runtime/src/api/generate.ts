// One generation, from admission to receipt, whatever its format.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Demand, demandComment } from '@dcml/channels'
import { attachDcml, DcmlError, toHex } from '@dcml/protocol'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { EngineEvent } from '../engine/engine.ts'
import type { ReadyModel } from '../model/host.ts'
import { unmetered } from '../payment/faults.ts'
import type { OpenTab, Tab } from '../payment/tab.ts'
import type { Admission } from './admission.ts'
import { type AnswerFormat, collector, type End } from './answer.ts'
import { asDcmlError, errorBody } from './errors.ts'
import { EventStream } from './event-stream.ts'
import { isReaderGone, lifetimeOf } from './lifetime.ts'
import { type ReceiptBook, responseHash, sha256 } from './receipts.ts'

/** What a generation needs of the runtime around it. */
export interface Generation {
  readonly admission: Admission
  readonly receipts: ReceiptBook
  readonly limits: { readonly generationMs: number; readonly stallMs: number }
  /** Aborts when the runtime stops waiting for answers under way. */
  readonly shutdown: AbortSignal
  /** Told once per answer, for metrics and the log. */
  readonly observe: (outcome: GenerationOutcome) => void
}

export interface GenerationOutcome {
  /** What `x-request-id` of the answer says. */
  readonly id: string
  /** `unpaid` where no voucher came that covered it. */
  readonly outcome: 'answered' | 'aborted' | 'failed' | 'unpaid'
  readonly promptTokens: number
  readonly completionTokens: number
  readonly firstTokenMs: number | undefined
  readonly totalMs: number
  readonly error?: DcmlError
}

export interface GenerationJob {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  /** Exact bytes of the request body. */
  readonly body: Uint8Array
  readonly model: ReadyModel
  readonly format: AnswerFormat
  readonly stream: boolean
  /** Given where the answer is paid for. */
  readonly openTab?: OpenTab | undefined
  run(signal: AbortSignal): AsyncIterable<EngineEvent>
}

/**
 * Runs the engine and writes its answer. Faults before the first byte are thrown, to be answered with a status;
 * later ones are told inside the stream.
 */
export async function generate(job: GenerationJob, context: Generation): Promise<Response> {
  const started = performance.now()
  const lifetime = lifetimeOf(job.outgoing, context.limits.generationMs, context.shutdown)
  const { signal } = lifetime
  const seen = { completionTokens: 0, promptTokens: 0, firstTokenMs: undefined as number | undefined }
  const report = (outcome: GenerationOutcome['outcome'], error?: DcmlError): void =>
    context.observe({
      id: String(job.outgoing.getHeader('x-request-id')),
      outcome,
      ...seen,
      totalMs: performance.now() - started,
      ...(error && { error }),
    })
  const headers = { 'dcml-model-h': toHex(job.model.modelH) }
  const events = new EventStream(job.outgoing, {
    headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
    stallMs: context.limits.stallMs,
  })
  let release: (() => void) | undefined
  let tab: Tab | undefined
  try {
    const announce = (demand: Demand): void => events.comment(demandComment(demand))
    const crowded = (): boolean => context.admission.waiting > 0
    tab = job.openTab?.(job.stream ? { signal, announce, crowded } : undefined)
    release = await context.admission.enter(signal)
    signal.throwIfAborted()
    const parts = job.stream ? undefined : collector()
    let end: End | undefined
    let isMetered = false
    for await (const event of job.run(signal)) {
      if (event.type === 'start') {
        isMetered = true
        await tab?.start(event.promptTokens, job.model.engine.info.contextLength)
        continue
      }
      if (tab !== undefined && !isMetered) throw unmetered()
      if (event.type === 'end') {
        end = event
        break
      }
      seen.firstTokenMs ??= performance.now() - started
      seen.completionTokens = event.completionTokens
      await tab?.cover(event.completionTokens)
      if (signal.aborted) break
      tab?.count(event.completionTokens)
      if (parts !== undefined) parts.add(event)
      else {
        job.format.delta(event, events.send)
        if (events.full) await events.drained()
      }
      if (signal.aborted) break
    }
    signal.throwIfAborted()
    if (end === undefined) throw endMissing()
    // the engine is free; what is left is ours
    release()
    seen.promptTokens = end.promptTokens
    seen.completionTokens = end.completionTokens
    // tokens that no delta carried
    await tab?.cover(end.completionTokens)
    signal.throwIfAborted()
    tab?.count(end.completionTokens)

    const attach = async (payload: string, responseH: Uint8Array): Promise<string> =>
      attachDcml(
        payload,
        await context.receipts.sign({
          modelH: job.model.modelH,
          requestH: sha256(job.body),
          responseH,
          promptTokens: seen.promptTokens,
          completionTokens: seen.completionTokens,
          payment: await tab?.end(end),
        }),
      )
    if (parts === undefined) {
      const last = job.format.end(end, events.send)
      await events.finish(last, (responseH) => attach(last.payload, responseH), job.format.terminator)
    } else {
      const whole = job.format.whole(parts.collected(), end)
      const hash = responseHash()
      hash.add(whole)
      const body = Buffer.from(await attach(whole, hash.digest()))
      job.outgoing
        .writeHead(200, { ...headers, 'content-type': 'application/json', 'content-length': body.length })
        .end(body)
    }
    report('answered')
  } catch (cause) {
    const error = asDcmlError(signal.aborted ? signal.reason : cause)
    if (error.code === 'client_gone') report('aborted')
    else {
      report(error.code === 'payment_required' ? 'unpaid' : 'failed', error)
      if (!events.begun) throw error
      const payload = errorBody(error)
      const failure = job.format.failed?.(payload) ?? { payload }
      events.fail(failure.payload, failure.event)
    }
  } finally {
    lifetime.end()
    release?.()
    await tab?.drop(isReaderGone(signal))
  }
  return RESPONSE_ALREADY_SENT
}

const endMissing = (): DcmlError =>
  new DcmlError('engine_failed', 'The engine stopped without finishing its answer.', {
    hint: 'Ask again; tell the host if it goes on.',
    retryable: true,
  })
