import { setImmediate } from 'node:timers/promises'
import { DcmlError } from '@dcml/protocol'
import type { LlamaModel, Token } from 'node-llama-cpp'
import type { ChatMessage } from '../engine.ts'
import { contextOverflow } from '../faults.ts'
import { ChatTemplate } from './template.ts'

/** Tokens of all texts of one request for embeddings, as OpenAI has it. */
const MAX_EMBEDDED_TOKENS = 300_000

/** Turns requests into the tokens that the model is to go on from. */
export class PromptReader {
  readonly #model: LlamaModel
  readonly #template: ChatTemplate
  readonly #contextLength: number
  /** Characters of the longest token, where the vocabulary is known. */
  readonly #longestToken: number

  constructor(model: LlamaModel, contextLength: number) {
    this.#model = model
    this.#template = new ChatTemplate(model)
    this.#contextLength = contextLength
    const texts = model.fileInfo.metadata.tokenizer?.ggml?.tokens ?? []
    this.#longestToken = texts.reduce((longest, text) => Math.max(longest, text.length), 0) || Number.POSITIVE_INFINITY
  }

  /** @throws DcmlError `engine_context_overflow`, `engine_unsupported`, `engine_request_invalid` */
  chat(messages: readonly ChatMessage[]): Token[] {
    this.#refuse(messages.reduce((sum, { content }) => sum + Math.max(1, this.#fewestTokens(content.length)), 0))
    const parts = this.#template.render(messages)
    this.#refuse(this.#fewestTokens(parts.reduce((sum, { text }) => sum + text.length, 0)))
    return this.#begin(parts.flatMap(({ text, special }) => this.#model.tokenize(text, special)))
  }

  /** @throws DcmlError `engine_context_overflow`, `engine_request_invalid` */
  text(prompt: string): Token[] {
    this.#refuse(this.#fewestTokens(prompt.length))
    return this.#begin(this.#model.tokenize(prompt, true))
  }

  /**
   * The texts to embed, each with a turn for others before it.
   * @throws DcmlError `engine_context_overflow`, `engine_request_invalid`, or the reason of `signal`
   */
  async embeddings(texts: readonly string[], signal: AbortSignal): Promise<Token[][]> {
    const all: Token[][] = []
    let total = 0
    for (const text of texts) {
      this.#refuse(this.#fewestTokens(text.length))
      await setImmediate()
      signal.throwIfAborted()
      const tokens = this.#model.tokenize(text)
      total += tokens.length
      if (total > MAX_EMBEDDED_TOKENS) throw tooManyTokens()
      all.push(tokens)
    }
    return all
  }

  #fewestTokens(characters: number): number {
    return Math.ceil(characters / this.#longestToken)
  }

  /**
   * Writing a conversation and tokenizing it take longer than in proportion to their length, and nobody else is served
   * meanwhile: what cannot fit is refused before either.
   */
  #refuse(fewestTokens: number): void {
    if (fewestTokens >= this.#contextLength) throw contextOverflow(fewestTokens, this.#contextLength)
  }

  /** Adds the token that texts of this model begin with, unless its template has written it already. */
  #begin(tokens: Token[]): Token[] {
    const { bos, shouldPrependBosToken } = this.#model.tokens
    if (bos !== null && tokens[0] !== bos && (shouldPrependBosToken || tokens.length === 0)) return [bos, ...tokens]
    if (tokens.length > 0) return tokens
    throw new DcmlError('engine_request_invalid', 'The prompt is empty.', { hint: 'Send at least one character.' })
  }
}

const tooManyTokens = (): DcmlError =>
  new DcmlError('engine_request_invalid', `The texts have more than ${MAX_EMBEDDED_TOKENS} tokens together.`, {
    hint: 'Send them in several requests.',
    details: { param: 'input' },
  })
