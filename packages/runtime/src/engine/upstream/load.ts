import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import type { EngineLoader } from '../engine.ts'
import { engineClosed } from '../faults.ts'
import { countUpTo, parseOptions } from '../options.ts'
import { UpstreamEngine } from './engine.ts'
import { UpstreamServer } from './server.ts'

/** Options of {@link openAiUpstreamLoader}. */
export interface OpenAiUpstreamOptions {
  /** Where the API lives, `/v1` included: `http://127.0.0.1:8000/v1`. */
  readonly baseUrl: string
  /** Lets `baseUrl` be plain HTTP to another machine, which then sees every prompt and answer. Default false. */
  readonly allowRemote?: boolean
  readonly apiKey?: string
  /** Name of the model upstream. Default: the first it lists. */
  readonly model?: string
  /** Tokens of a conversation. Default: what the upstream says, if it does. */
  readonly contextLength?: number
  /** Requests sent at once. Default 256, as many as vLLM batches. */
  readonly parallel?: number
}

const optionsSchema = v.strictObject({
  baseUrl: v.pipe(v.string(), v.url(), v.regex(/^https?:/, 'not an HTTP address')),
  allowRemote: v.optional(v.boolean()),
  apiKey: v.optional(v.string()),
  model: v.optional(v.string()),
  contextLength: countUpTo(Number.MAX_SAFE_INTEGER),
  parallel: countUpTo(65_535),
})
const DEFAULT_PARALLEL = 256

/**
 * Sends requests to an OpenAI-compatible server: vLLM, SGLang, llama-server. Prompts leave this process in the clear,
 * so the server belongs into the same CVM and into the image that imageH names; that it serves the weights that were
 * checked is then the measured image's word.
 *
 * @throws DcmlError `engine_options_invalid`; and by `load`: `engine_unreachable`, `engine_unsupported` (no such model), `engine_failed`
 */
export function openAiUpstreamLoader(options: OpenAiUpstreamOptions): EngineLoader {
  const { baseUrl, allowRemote = false } = parseOptions(optionsSchema, options)
  if (!allowRemote && leavesInTheClear(new URL(baseUrl))) throw remote()
  return {
    name: 'openai-upstream',
    async load(_files, { signal, log }) {
      const parallel = options.parallel ?? DEFAULT_PARALLEL
      const upstream = new UpstreamServer(options.baseUrl, options.apiKey, parallel)
      try {
        const model = await upstream.findModel(options.model, signal)
        const context = options.contextLength ?? model.contextLength
        log?.info({ model: model.id, contextLength: context ?? 'unknown' }, 'upstream engine found')
        const info = { name: 'openai-upstream', parallel, embeddings: true }
        return new UpstreamEngine(upstream, model, context === undefined ? info : { ...info, contextLength: context })
      } catch (error) {
        await upstream.close(engineClosed())
        throw error
      }
    },
  }
}

/** Names other than localhost are not asked for: what they resolve to is the network's word. */
const leavesInTheClear = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && !/^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)

const remote = (): DcmlError =>
  new DcmlError('engine_options_invalid', 'The upstream engine is another machine, reached by plain HTTP.', {
    hint: 'Run it in the same CVM and reach it by 127.0.0.1, or use https. allowRemote lets every prompt leave in the clear.',
    details: { option: 'baseUrl' },
  })
