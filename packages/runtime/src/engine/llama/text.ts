import type { LlamaModel, Token } from 'node-llama-cpp'

/** What an unfinished UTF-8 sequence decodes to, at most one per byte. */
const UNFINISHED = /\uFFFD{1,3}$/

/** Text of a growing list of tokens, where a character may span tokens: only whole characters are handed out. */
export class TokenText {
  readonly #detokenize: (tokens: readonly Token[], before: readonly Token[]) => string
  #before: readonly Token[]
  #pending: Token[] = []
  #sent = 0

  constructor(model: Pick<LlamaModel, 'detokenize'>, prompt: readonly Token[]) {
    this.#detokenize = (tokens, before) => model.detokenize(tokens, false, before)
    this.#before = prompt.slice(-4)
  }

  /** The characters that this token completes. */
  push(token: Token): string {
    this.#pending.push(token)
    const text = this.#detokenize(this.#pending, this.#before)
    const tail = UNFINISHED.exec(text)
    if (tail === null) return this.#settle(text)
    const piece = text.slice(this.#sent, tail.index)
    this.#sent = Math.max(this.#sent, tail.index)
    return piece
  }

  /** What remains when no token follows: bytes that are no character become U+FFFD. */
  flush(): string {
    return this.#settle(this.#detokenize(this.#pending, this.#before))
  }

  #settle(text: string): string {
    const piece = text.slice(this.#sent)
    this.#before = [...this.#before, ...this.#pending].slice(-4)
    this.#pending = []
    this.#sent = 0
    return piece
  }
}
