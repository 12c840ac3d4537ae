import { randomUUID } from 'node:crypto'
import { DcmlError } from '@dcml/protocol'
import { Template } from '@huggingface/jinja'
import type { LlamaModel } from 'node-llama-cpp'
import type { ChatMessage } from '../engine.ts'
import { unsupported } from '../faults.ts'

/** llama.cpp's token types that only a template may write: UNKNOWN and CONTROL. */
const RESERVED = new Set([2, 3])

/** A piece of a written conversation. */
export interface TemplatePart {
  readonly text: string
  /** Whether control tokens in it are meant. */
  readonly special: boolean
}

/** The model's own chat template. */
export class ChatTemplate {
  readonly #tokens: LlamaModel['tokens']
  readonly #template: Template | undefined
  /** Matches the text of every control token, the longest first. */
  readonly #control: RegExp | undefined

  constructor(model: LlamaModel) {
    this.#tokens = model.tokens
    const { chat_template, ggml } = model.fileInfo.metadata.tokenizer ?? {}
    this.#template = chat_template === undefined ? undefined : parse(chat_template)
    const types = ggml?.token_type as readonly number[] | undefined
    const control = (ggml?.tokens ?? []).filter((text, index) => text !== '' && RESERVED.has(types?.[index] ?? 1))
    const longestFirst = control.sort((a, b) => b.length - a.length).map(escapeRegExp)
    this.#control = longestFirst.length > 0 ? new RegExp(longestFirst.join('|'), 'g') : undefined
  }

  /**
   * The conversation, up to where the answer begins. What a message says can never become a control token: a user who
   * writes `<|im_end|>` gets those ten characters, not a forged system message.
   * @throws DcmlError `engine_unsupported`, `engine_request_invalid`
   */
  render(messages: readonly ChatMessage[]): TemplatePart[] {
    const quoted: string[] = []
    const mark = randomUUID()
    const quote = (text: string) => `${mark}:${quoted.push(text) - 1};`
    const rendered = this.#write(
      messages.map(({ role, content }) => ({
        role: role === 'developer' ? 'system' : role,
        content: this.#control ? content.replace(this.#control, quote) : content,
      })),
    )
    return rendered
      .split(new RegExp(`${mark}:(\\d+);`))
      .map((part, index) =>
        index % 2 === 0 ? { text: part, special: true } : { text: quoted[Number(part)]!, special: false },
      )
  }

  #write(messages: readonly { role: string; content: string }[]): string {
    if (!this.#template)
      throw unsupported('The model has no chat template that can be read.', 'Use /v1/completions with this model.')
    const { bosString, eosString } = this.#tokens
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
