import { randomUUID } from 'node:crypto'
import { DcmlError } from '@dcml/protocol'
import { Template } from '@huggingface/jinja'
import type { LlamaModel, Token } from 'node-llama-cpp'
import type { ChatMessage } from '../engine.ts'
import { unsupported } from '../faults.ts'

/** llama.cpp's token types that only a template may write: UNKNOWN and CONTROL. */
const RESERVED = new Set([2, 3])

/** The model's own chat template, and the tokens of a conversation in it. */
export class ChatTemplate {
  readonly #model: LlamaModel
  readonly #template: Template | undefined
  /** Matches the text of every control token, the longest first. */
  readonly #control: RegExp | undefined

  constructor(model: LlamaModel) {
    this.#model = model
    const { chat_template, ggml } = model.fileInfo.metadata.tokenizer ?? {}
    this.#template = chat_template === undefined ? undefined : parse(chat_template)
    const types = ggml?.token_type as readonly number[] | undefined
    const control = (ggml?.tokens ?? []).filter((text, index) => text !== '' && RESERVED.has(types?.[index] ?? 1))
    const longestFirst = control.sort((a, b) => b.length - a.length).map(escapeRegExp)
    this.#control = longestFirst.length > 0 ? new RegExp(longestFirst.join('|'), 'g') : undefined
  }

  /**
   * Tokens of the conversation, up to where the answer begins. What a message says can never become a control token:
   * a user who writes `<|im_end|>` gets those ten characters, not a forged system message.
   */
  tokenize(messages: readonly ChatMessage[]): Token[] {
    const quoted: string[] = []
    const mark = randomUUID()
    const quote = (text: string) => `${mark}:${quoted.push(text) - 1};`
    const rendered = this.#render(
      messages.map(({ role, content }) => ({
        role: role === 'developer' ? 'system' : role,
        content: this.#control ? content.replace(this.#control, quote) : content,
      })),
    )
    return rendered
      .split(new RegExp(`${mark}:(\\d+);`))
      .flatMap((part, index) =>
        index % 2 === 0 ? this.#model.tokenize(part, true) : this.#model.tokenize(quoted[Number(part)]!, false),
      )
  }

  #render(messages: readonly { role: string; content: string }[]): string {
    if (!this.#template)
      throw unsupported('The model has no chat template that can be read.', 'Use /v1/completions with this model.')
    const { bosString, eosString } = this.#model.tokens
    try {
      return this.#template.render({
        messages,
        bos_token: bosString ?? '',
        eos_token: eosString ?? '',
        add_generation_prompt: true,
      })
    } catch (cause) {
      throw new DcmlError('engine_request_invalid', "The model's chat template refuses this conversation.", {
        hint: 'Most templates want one system message at most, then user and assistant in turn.',
        cause,
      })
    }
  }
}

const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/** A template that cannot be read keeps the model from chats, not from completions. */
function parse(template: string): Template | undefined {
  try {
    return new Template(template)
  } catch {
    return undefined
  }
}
