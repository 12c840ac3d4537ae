// How many tokens an answer can have had at most, by what was asked and what was shown. An upper bound and no count: the
// client has no tokenizer, and a token shows at least one byte unless it is one of those that end or frame an answer.
import type { TokenCounts } from '@dcml/protocol'

/** What chat templates add to the text of a prompt, and models to that of an answer, in tokens. */
const UNSEEN_PROMPT = 1024
const UNSEEN_COMPLETION = 64
const UNBOUNDED = 0xffff_ffff

type Json = { readonly [name: string]: unknown } | null

/** Bounds the tokens of one request and its answer. */
export class Tally {
  readonly #promptTokens: number
  readonly #completionTokens: number
  readonly #choices: number
  readonly #unseen: number
  /** What was asked for is a stream. */
  readonly isStreamed: boolean
  #shown = 0
  #parts = 0

  constructor(body: Uint8Array) {
    const asked = readJson(new TextDecoder().decode(body))
    this.isStreamed = asked?.stream === true
    const count = (...names: string[]): number | undefined =>
      names.map((name) => asked?.[name]).find((value): value is number => Number.isSafeInteger(value))
    this.#choices = Math.max(count('n') ?? 1, count('best_of') ?? 1) * Math.max(1, promptsOf(asked))
    const longest = count('max_completion_tokens', 'max_tokens', 'max_output_tokens')
    this.#completionTokens = longest === undefined ? UNBOUNDED : longest * this.#choices
    // an image costs tokens that its address does not show
    const isText = !/"(image_url|input_image|input_audio|input_file|previous_response_id)"/.test(JSON.stringify(asked))
    this.#promptTokens = isText ? body.length + UNSEEN_PROMPT * this.#choices : UNBOUNDED
    this.#unseen = asked?.ignore_eos === true ? UNBOUNDED : UNSEEN_COMPLETION + bytesIn(asked?.stop)
  }

  /** Payloads so far. */
  get parts(): number {
    return this.#parts
  }

  /** Adds a payload of the answer. */
  add(payload: string): void {
    this.#parts++
    const { choices, delta, output, type } = readJson(payload) ?? {}
    // the events of a response repeat at their end what its deltas said
    if (typeof type === 'string' && type.startsWith('response.'))
      this.#shown += type.endsWith('.delta') ? bytesIn(delta) : 0
    else this.#shown += bytesIn(choices) + bytesIn(output)
  }

  /** The most that a receipt may count. */
  most(): TokenCounts {
    const shown = this.#shown + this.#unseen * this.#choices
    return {
      promptTokens: BigInt(this.#promptTokens),
      completionTokens: BigInt(Math.min(this.#completionTokens, shown)),
    }
  }
}

function readJson(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const promptsOf = (asked: Json): number => (Array.isArray(asked?.prompt) ? asked.prompt.length : 1)

/** UTF-8 bytes of all text in a value, at most: one unit of UTF-16 makes three. */
function bytesIn(value: unknown): number {
  if (typeof value === 'string') return value.length * 3
  if (typeof value !== 'object' || value === null) return 0
  return Object.values(value).reduce<number>((sum, part) => sum + bytesIn(part), 0)
}
