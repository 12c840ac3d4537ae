import type { DcmlError } from '@dcml/protocol'
import type { ChatRequest, CompletionRequest, EmbeddingRequest, Engine, EngineEvent, EngineInfo } from '../engine.ts'
import { engineClosed } from '../faults.ts'
import { chatEvents, completionEvents } from './answer.ts'
import { notOpenAi, streamFault } from './faults.ts'
import { chatBody, completionBody, embeddingBody } from './request.ts'
import type { UpstreamModel, UpstreamServer } from './server.ts'
import { embeddingList } from './wire.ts'

/** Passes requests on to the server, and its streams back as events. */
export class UpstreamEngine implements Engine {
  readonly info: EngineInfo
  readonly #upstream: UpstreamServer
  readonly #model: UpstreamModel
  /** Also what connections that are cut by `close` fail with, so that no signal is made anew for every request. */
  #closed: DcmlError | undefined

  constructor(upstream: UpstreamServer, model: UpstreamModel, info: EngineInfo) {
    this.#upstream = upstream
    this.#model = model
    this.info = info
  }

  chat(request: ChatRequest, { signal }: { signal: AbortSignal }): AsyncIterable<EngineEvent> {
    return this.#stream('/chat/completions', chatBody(request, this.#model), chatEvents, signal)
  }

  complete(request: CompletionRequest, { signal }: { signal: AbortSignal }): AsyncIterable<EngineEvent> {
    return this.#stream('/completions', completionBody(request, this.#model), completionEvents, signal)
  }

  async embed(
    request: EmbeddingRequest,
    { signal }: { signal: AbortSignal },
  ): Promise<{ embeddings: number[][]; promptTokens: number }> {
    this.#throwIfClosed()
    const body = embeddingBody(request, this.#model)
    const { data, usage } = await this.#upstream.sendJson(embeddingList, 'POST', '/embeddings', body, signal)
    const embeddings = data.sort((a, b) => a.index - b.index).map(({ embedding }) => embedding)
    if (embeddings.length !== request.input.length) throw notOpenAi()
    return { embeddings, promptTokens: usage?.prompt_tokens ?? 0 }
  }

  async check({ signal }: { signal: AbortSignal }): Promise<void> {
    this.#throwIfClosed()
    await this.#upstream.findModel(this.#model.id, signal)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = engineClosed()
    await this.#upstream.close(this.#closed)
  }

  #throwIfClosed(): void {
    if (this.#closed) throw this.#closed
  }

  async *#stream(
    call: string,
    body: string,
    read: (body: AsyncIterable<Buffer>) => AsyncGenerator<EngineEvent>,
    signal: AbortSignal,
  ): AsyncGenerator<EngineEvent> {
    this.#throwIfClosed()
    signal.throwIfAborted()
    const response = await this.#upstream.send('POST', call, body, signal)
    let complete = false
    try {
      for await (const event of read(response.iterator({ destroyOnReturn: false }))) {
        complete = event.type === 'end'
        yield event
        signal.throwIfAborted()
      }
    } catch (error) {
      signal.throwIfAborted()
      throw streamFault(error)
    } finally {
      // Reading to the very end keeps the connection; hanging up tells the upstream that nobody listens any more.
      if (complete) response.dump().catch(() => {})
      else response.on('error', () => {}).destroy()
    }
  }
}
