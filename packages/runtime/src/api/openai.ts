// OpenAI's surface: each route reads its request by its schema and hands it to the engine.
import { ALLOWANCE_HEADER, readWire, VOUCHER_HEADER, wire } from '@dcml/channels'
import { attachDcml, toHex } from '@dcml/protocol'
import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import type { ModelHost, ReadyModel } from '../model/host.ts'
import type { PaymentDesk } from '../payment/desk.ts'
import type { OpenTab } from '../payment/tab.ts'
import { type AnswerHead, answerId } from './answer.ts'
import { parseJson, readBody } from './body.ts'
import { chatAnswer } from './chat-answer.ts'
import { completionAnswer } from './completion-answer.ts'
import { embed, embeddingsBody } from './embeddings.ts'
import { type Generation, generate } from './generate.ts'
import { responseHash, sha256 } from './receipts.ts'
import { responsesAnswer } from './responses-answer.ts'
import { toChatRequest } from './responses-request.ts'
import {
  chatSchema,
  checkModel,
  completionSchema,
  defined,
  embeddingSchema,
  flattenMessages,
  responsesSchema,
  samplingOf,
} from './schema.ts'

type Env = { Bindings: HttpBindings }

interface Received {
  readonly body: Buffer
  readonly model: ReadyModel
  /** How the answer is paid for; undefined where it is free. */
  readonly pay: (maxTokens: number | undefined) => OpenTab | undefined
}

/** Routes below `/v1`. */
export function openaiRoutes(options: {
  host: ModelHost
  generation: Generation
  /** Given where completions are paid for. */
  desk: PaymentDesk | undefined
  maxBodyBytes: number
  clock: () => number
}): Hono<Env> {
  const { host, generation, desk, clock } = options
  const app = new Hono<Env>()

  /** Who does not pay has not even their body read. */
  const receive = async (c: Context<Env>): Promise<Received> => {
    const model = host.ready()
    const channelId = await desk?.admit(c.req.header(VOUCHER_HEADER))
    const allowance = c.req.header(ALLOWANCE_HEADER)
    const allowed = allowance === undefined ? undefined : readWire(wire.allowance, allowance)
    const requestId = String(c.env.outgoing.getHeader('x-request-id'))
    const pay = (maxTokens: number | undefined): OpenTab | undefined =>
      channelId === undefined ? undefined : desk?.tabs({ channelId, requestId, maxTokens, allowed })
    return { body: await readBody(c.env.incoming, options.maxBodyBytes), model, pay }
  }
  const head = (prefix: string, model: ReadyModel): AnswerHead => ({
    id: answerId(prefix),
    created: Math.trunc(clock() / 1000),
    model: model.name,
  })
  const served = (model: ReadyModel): { name: string; modelH: string } => ({
    name: model.name,
    modelH: toHex(model.modelH),
  })

  app.post('/chat/completions', async (c) => {
    const { body, model, pay } = await receive(c)
    const request = parseJson(chatSchema, body)
    checkModel(request.model, served(model))
    const logprobs = request.logprobs === true
    const chat = {
      ...samplingOf(request, request.max_completion_tokens ?? request.max_tokens),
      ...(logprobs && { topLogprobs: request.top_logprobs ?? 0 }),
      messages: flattenMessages(request.messages),
      body: request,
    }
    const includeUsage = request.stream_options?.include_usage === true
    const format = chatAnswer(head('chatcmpl', model), { includeUsage, logprobs })
    const run = (signal: AbortSignal) => model.engine.chat(chat, { signal })
    const [stream, openTab] = [request.stream === true, pay(chat.maxTokens)]
    return generate({ ...c.env, body, model, format, stream, openTab, run }, generation)
  })

  app.post('/completions', async (c) => {
    const { body, model, pay } = await receive(c)
    const request = parseJson(completionSchema, body)
    checkModel(request.model, served(model))
    const completion = {
      ...samplingOf(request, request.max_tokens),
      ...defined('topLogprobs', request.logprobs),
      prompt: typeof request.prompt === 'string' ? request.prompt : request.prompt.join(''),
      body: request,
    }
    const includeUsage = request.stream_options?.include_usage === true
    const logprobs = completion.topLogprobs !== undefined
    const format = completionAnswer(head('cmpl', model), { includeUsage, logprobs })
    const run = (signal: AbortSignal) => model.engine.complete(completion, { signal })
    const [stream, openTab] = [request.stream === true, pay(completion.maxTokens)]
    return generate({ ...c.env, body, model, format, stream, openTab, run }, generation)
  })

  app.post('/responses', async (c) => {
    const { body, model, pay } = await receive(c)
    const request = parseJson(responsesSchema, body)
    checkModel(request.model, served(model))
    const chat = toChatRequest(request)
    const format = responsesAnswer(head('resp', model), request.instructions ?? null)
    const run = (signal: AbortSignal) => model.engine.chat(chat, { signal })
    const [stream, openTab] = [request.stream === true, pay(chat.maxTokens)]
    return generate({ ...c.env, body, model, format, stream, openTab, run }, generation)
  })

  app.post('/embeddings', async (c) => {
    const { body, model, pay } = await receive(c)
    const request = parseJson(embeddingSchema, body)
    checkModel(request.model, served(model))
    const input = typeof request.input === 'string' ? [request.input] : request.input
    const answer = await embed(model.engine, { input, body: request }, c.env.outgoing, generation, pay(0))
    const whole = embeddingsBody(model.name, answer, request.encoding_format ?? 'float')
    const hash = responseHash()
    hash.add(whole)
    const field = await generation.receipts.sign({
      modelH: model.modelH,
      requestH: sha256(body),
      responseH: hash.digest(),
      promptTokens: answer.promptTokens,
      completionTokens: 0,
      payment: answer.payment,
    })
    return c.body(attachDcml(whole, field), 200, { 'content-type': 'application/json', 'dcml-model-h': field.modelH })
  })

  const entry = (model: ReadyModel): object => ({
    id: model.name,
    object: 'model',
    created: Math.trunc(model.loadedAt / 1000),
    owned_by: 'dcml',
    root: toHex(model.modelH),
    parent: null,
    max_model_len: model.engine.info.contextLength,
  })
  app.get('/models', (c) => {
    const { state } = host
    return c.json({ object: 'list', data: state.phase === 'ready' ? [entry(state.model)] : [] })
  })
  app.get('/models/:id', (c) => {
    const model = host.ready()
    checkModel(c.req.param('id'), served(model))
    return c.json(entry(model))
  })

  return app
}
