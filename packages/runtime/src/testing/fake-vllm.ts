import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { DcmlError } from '@dcml/protocol'
import type { ChatMessage, Engine, EngineEvent, TokenLogprob } from '../engine/engine.ts'

/** What vLLM's server reads of a request. */
interface VllmBody {
  readonly messages: readonly ChatMessage[]
  readonly prompt: string
  readonly input: readonly string[]
  readonly max_tokens?: number
  readonly stop?: readonly string[]
  /** A flag for chats, a number for completions. */
  readonly logprobs?: boolean | number
  readonly top_logprobs?: number
  readonly stream_options?: { readonly include_usage?: boolean; readonly continuous_usage_stats?: boolean }
}

/** A server that puts an engine on the wire as vLLM does: same chunks, same usage, same errors. */
export async function startFakeVllm(engine: Engine): Promise<{ baseUrl: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    handle(engine, request, response).catch((error: unknown) => refuse(response, error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      await engine.close()
    },
  }
}

async function handle(engine: Engine, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort(new Error('the client hung up')))
  const { signal } = gone
  if (request.url === '/v1/models') {
    const model = { id: 'fake-model', object: 'model', owned_by: 'vllm', max_model_len: engine.info.contextLength }
    return sendJson(response, 200, { object: 'list', data: [model] })
  }
  const body = JSON.parse(await text(request)) as VllmBody
  const sampling = { stop: body.stop ?? [], ...(body.max_tokens && { maxTokens: body.max_tokens }), body: {} }
  const alternatives = typeof body.logprobs === 'number' ? body.logprobs : body.logprobs && (body.top_logprobs ?? 0)
  const asked = { ...sampling, ...(typeof alternatives === 'number' && { topLogprobs: alternatives }) }
  switch (request.url) {
    case '/v1/chat/completions':
      return stream(response, engine.chat({ ...asked, messages: body.messages }, { signal }), body, chatChoice)
    case '/v1/completions':
      return stream(response, engine.complete({ ...asked, prompt: body.prompt }, { signal }), body, completionChoice)
    case '/v1/embeddings': {
      const { embeddings, promptTokens } = await engine.embed({ input: body.input, body: {} }, { signal })
      const data = embeddings.map((embedding, index) => ({ object: 'embedding', index, embedding }))
      return sendJson(response, 200, { object: 'list', data, usage: usageOf(promptTokens, 0) })
    }
    default:
      return sendJson(response, 404, { detail: 'Not Found' })
  }
}

type Choice = (event: { text?: string; toolCalls?: readonly unknown[]; logprobs?: readonly TokenLogprob[] }) => object

const chatChoice: Choice = ({ text, toolCalls, logprobs }) => ({
  delta: { ...(text && { content: text }), ...(toolCalls && { tool_calls: toolCalls }) },
  logprobs: logprobs ? { content: logprobs } : null,
})

const completionChoice: Choice = ({ text = '', logprobs }) => ({
  text,
  logprobs: logprobs
    ? {
        tokens: logprobs.map(({ token }) => token),
        token_logprobs: logprobs.map(({ logprob }) => logprob),
        top_logprobs: logprobs.map((entry) =>
          Object.fromEntries(entry.top_logprobs.map(({ token, logprob }) => [token, logprob])),
        ),
      }
    : null,
})

async function stream(
  response: ServerResponse,
  events: AsyncIterable<EngineEvent>,
  { stream_options }: VllmBody,
  choiceOf: Choice,
): Promise<void> {
  const head = { id: 'cmpl-1', created: 1, model: 'fake-model' }
  let promptTokens = 0
  const send = (payload: object) => response.write(`data: ${JSON.stringify({ ...head, ...payload })}\n\n`)
  const sendChoice = (choice: object, tokens: number) => {
    const usage = stream_options?.continuous_usage_stats ? { usage: usageOf(promptTokens, tokens) } : {}
    send({ choices: [{ index: 0, finish_reason: null, ...choice }], ...usage })
  }
  for await (const event of events) {
    if (event.type === 'start') {
      promptTokens = event.promptTokens
      continue
    }
    if (!response.headersSent) {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
      if (choiceOf === chatChoice) sendChoice({ delta: { role: 'assistant', content: '' }, logprobs: null }, 0)
    }
    if (event.type === 'delta') {
      sendChoice(choiceOf(event), event.completionTokens)
      continue
    }
    sendChoice({ ...choiceOf({}), finish_reason: event.finishReason, stop_reason: null }, event.completionTokens)
    const usage = usageOf(event.promptTokens, event.completionTokens)
    if (stream_options?.include_usage) send({ choices: [], usage })
  }
  response.end('data: [DONE]\n\n')
}

const usageOf = (prompt: number, completion: number) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
})

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const overflow = DcmlError.isInstance(error) && error.code === 'engine_context_overflow'
  const message = overflow
    ? "This model's maximum context length is 4096 tokens. However, your request has more input tokens."
    : 'Internal Server Error'
  const status = overflow ? 400 : 500
  const type = overflow ? 'BadRequestError' : 'InternalServerError'
  sendJson(response, status, { error: { message, type, param: null, code: status } })
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
