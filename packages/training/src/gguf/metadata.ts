import { SPECIAL_TOKENS } from '../corpus/tokenizer.ts'
import { type ModelConfig, NORM_EPSILON, ROPE_BASE } from '../model/config.ts'
import type { GgufValue } from './header.ts'

const CHAT_TEMPLATE =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"

const NORMAL = 1
const CONTROL = 3

/** What llama.cpp needs to know to run a model of this shape with the byte tokenizer. */
export function llamaMetadata(config: ModelConfig, name: string, precision: 'F16' | 'F32'): Record<string, GgufValue> {
  const u32 = (value: number): GgufValue => ({ type: 'u32', value })
  const f32 = (value: number): GgufValue => ({ type: 'f32', value })
  const text = (value: string): GgufValue => ({ type: 'text', value })
  const tokens = vocabulary(config.vocab)
  const id = (token: (typeof SPECIAL_TOKENS)[number]) => u32(tokens.indexOf(token))
  return {
    'general.architecture': text('llama'),
    'general.name': text(name),
    'general.file_type': u32(precision === 'F16' ? 1 : 0),
    'llama.vocab_size': u32(config.vocab),
    'llama.context_length': u32(config.context),
    'llama.embedding_length': u32(config.dim),
    'llama.block_count': u32(config.layers),
    'llama.feed_forward_length': u32(config.ff),
    'llama.attention.head_count': u32(config.heads),
    'llama.attention.head_count_kv': u32(config.heads),
    'llama.attention.layer_norm_rms_epsilon': f32(NORM_EPSILON),
    'llama.rope.dimension_count': u32(config.dim / config.heads),
    'llama.rope.freq_base': f32(ROPE_BASE),
    'tokenizer.ggml.model': text('gpt2'),
    'tokenizer.ggml.pre': text('gpt-2'),
    'tokenizer.ggml.tokens': { type: 'texts', value: tokens },
    'tokenizer.ggml.token_type': {
      type: 'i32s',
      value: tokens.map((_, index) => (index < tokens.length - SPECIAL_TOKENS.length ? NORMAL : CONTROL)),
    },
    'tokenizer.ggml.merges': { type: 'texts', value: [] },
    'tokenizer.ggml.bos_token_id': id('<|bos|>'),
    'tokenizer.ggml.eos_token_id': id('<|im_end|>'),
    'tokenizer.ggml.add_bos_token': { type: 'bool', value: false },
    'tokenizer.chat_template': text(CHAT_TEMPLATE),
  }
}

/** Bytes in GPT-2's printable spelling, made-up words up to the size asked for, then the special tokens. */
function vocabulary(size: number): string[] {
  const printable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173)
  let shifted = 256
  const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : shifted++))
  const words = Array.from({ length: size - 256 - SPECIAL_TOKENS.length }, (_, index) => `Ġw${index.toString(36)}`)
  return [...bytes, ...words, ...SPECIAL_TOKENS]
}
