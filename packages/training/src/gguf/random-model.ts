import { DcmlError } from '@dcml/protocol'
import { SPECIAL_TOKENS, VOCABULARY } from '../corpus/tokenizer.ts'
import { type ModelConfig, parseModelConfig } from '../model/config.ts'
import { Prng } from '../prng.ts'
import { toHalf } from './half.ts'
import { modelFile } from './model-file.ts'

/** Shape of a model without training; `vocab` is at least 260, `context` 1024 unless given. */
export type RandomModelOptions = Omit<ModelConfig, 'context'> & { seed: number; context?: number }

const POOL = 1 << 20
const SPREAD = 0.1

/**
 * An F16 model file with random weights, piece by piece, for benchmarks and for tests of large files: it loads, costs
 * what a real model costs, answers nonsense, and hardly ever ends by itself. Weights repeat every 2 MiB, which makes a
 * file of any size as cheap as copying.
 * @throws DcmlError `config_invalid`
 */
export function randomModel({ seed, context = 1024, ...shape }: RandomModelOptions): Iterable<Uint8Array> {
  const config = parseModelConfig({ ...shape, context })
  if (config.vocab < VOCABULARY) {
    throw new DcmlError('config_invalid', `A vocabulary of ${config.vocab} leaves no room for all bytes`, {
      hint: `Use at least ${VOCABULARY} tokens.`,
    })
  }
  const random = new Prng(seed)
  const pool = new Uint8Array(
    Uint16Array.from({ length: POOL }, () => toHalf((random.uniform() - 0.5) * SPREAD)).buffer,
  )
  return modelFile({ config, name: 'random', precision: 'F16' }, function* ({ name, count, shape }) {
    if (shape.length === 1) {
      yield new Uint8Array(new Float32Array(count).fill(1).buffer)
      return
    }
    // Zero rows keep the special tokens, which would end a text, from ever being the likeliest.
    const silent = name === 'output.weight' ? SPECIAL_TOKENS.length * config.dim * 2 : 0
    let left = count * 2 - silent
    let from = 2 * random.below(POOL)
    for (; left > 0; from = 0) {
      const piece = pool.subarray(from, Math.min(pool.length, from + left))
      yield piece
      left -= piece.length
    }
    yield new Uint8Array(silent)
  })
}
