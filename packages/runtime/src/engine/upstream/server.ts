import { type Dispatcher, Pool } from 'undici'
import * as v from 'valibot'
import { unsupported } from '../faults.ts'
import { connectionFault, notOpenAi, responseFault } from './faults.ts'
import { modelList } from './wire.ts'

type Body = Dispatcher.ResponseData['body']

/** A model that the server lists. */
export interface UpstreamModel {
  readonly id: string
  /** The program that serves it, by its own word: `vllm`, `sglang`, `llamacpp`. */
  readonly server?: string
  readonly contextLength?: number
}

/** The server: one connection per running request, and one more for questions about it, which must not wait in line. */
export class UpstreamServer {
  readonly #pool: Pool
  readonly #questions: Pool
  readonly #path: string
  readonly #headers: Record<string, string>

  constructor(baseUrl: string, apiKey: string | undefined, connections: number) {
    const { origin, pathname } = new URL(baseUrl)
    this.#pool = new Pool(origin, { connections })
    this.#questions = new Pool(origin, { connections: 1 })
    this.#path = pathname.replace(/\/$/, '')
    this.#headers = { 'content-type': 'application/json', ...(apiKey && { authorization: `Bearer ${apiKey}` }) }
  }

  /** Sends a request; resolves with the body of a successful response. */
  async send(method: 'GET' | 'POST', call: string, body: string | null, signal: AbortSignal): Promise<Body> {
    let response: Dispatcher.ResponseData
    try {
      const pool = method === 'GET' ? this.#questions : this.#pool
      response = await pool.request({ method, path: this.#path + call, headers: this.#headers, body, signal })
    } catch (error) {
      signal.throwIfAborted()
      throw connectionFault(error)
    }
    if (response.statusCode === 200) return response.body
    throw responseFault(response.statusCode, await response.body.text().catch(() => ''))
  }

  /** As `send`, for a response that is one JSON value. */
  async sendJson<Schema extends v.GenericSchema>(
    schema: Schema,
    method: 'GET' | 'POST',
    call: string,
    body: string | null,
    signal: AbortSignal,
  ): Promise<v.InferOutput<Schema>> {
    const response = await this.send(method, call, body, signal)
    try {
      return v.parse(schema, await response.json())
    } catch (error) {
      signal.throwIfAborted()
      throw notOpenAi(error)
    }
  }

  async findModel(name: string | undefined, signal: AbortSignal): Promise<UpstreamModel> {
    const { data } = await this.sendJson(modelList, 'GET', '/models', null, signal)
    const found = name === undefined ? data[0] : data.find(({ id }) => id === name)
    if (!found) throw unsupported('The upstream engine does not serve this model.', 'See what its /v1/models lists.')
    return {
      id: found.id,
      ...(found.owned_by && { server: found.owned_by }),
      ...(found.max_model_len && { contextLength: found.max_model_len }),
    }
  }

  /** Ends what is under way with this reason. */
  async close(reason: Error): Promise<void> {
    await Promise.all([this.#pool.destroy(reason), this.#questions.destroy(reason)])
  }
}
