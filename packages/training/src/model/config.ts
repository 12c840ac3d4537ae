import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'

const multipleOf = (step: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(step), v.maxValue(max), v.multipleOf(step))

export const modelSchema = v.pipe(
  v.strictObject({
    dim: multipleOf(8, 4096),
    layers: multipleOf(1, 128),
    heads: multipleOf(1, 128),
    ff: multipleOf(8, 16384),
    context: multipleOf(8, 8192),
    vocab: multipleOf(4, 65536),
  }),
  v.check(({ dim, heads }) => dim % (4 * heads) === 0, 'dim must be a multiple of 4 * heads'),
)

/** Shape of a LLaMA model: RMSNorm, rotary positions over adjacent pairs, SwiGLU, untied output. */
export interface ModelConfig {
  /** Width of the residual stream; a multiple of 8 and of 4 * heads. */
  dim: number
  layers: number
  heads: number
  /** Width of the feed-forward layer; a multiple of 8. */
  ff: number
  /** Longest sequence in tokens; a multiple of 8. */
  context: number
  /** Number of tokens; a multiple of 4. The byte tokenizer has 260. */
  vocab: number
}

/** Rotary frequencies `ROPE_BASE^(-2i/headSize)`; written to GGUF as `rope.freq_base`. */
export const ROPE_BASE = 10_000
/** Added to the mean square inside RMSNorm; the kernel has the same number. */
export const NORM_EPSILON = 1e-5

/**
 * Checks a shape from outside.
 * @throws DcmlError `config_invalid`
 */
export function parseModelConfig(input: unknown): ModelConfig {
  const result = v.safeParse(modelSchema, input)
  if (result.success) return result.output
  const [issue] = result.issues
  throw new DcmlError('config_invalid', `Model config: ${v.getDotPath(issue) ?? 'value'}: ${issue.message}`, {
    hint: 'Correct this field of the model config.',
  })
}
