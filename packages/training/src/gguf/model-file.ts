import { concatBytes } from '@dcml/protocol'
import type { ModelConfig } from '../model/config.ts'
import { type Parameter, parameters } from '../model/parameters.ts'
import { toHalf } from './half.ts'
import { align, encodeHeader, type GgufTensor, tensorSize } from './header.ts'
import { llamaMetadata } from './metadata.ts'

/** How weights are stored: F16 halves the file; norms stay F32 either way. */
export type Precision = 'F16' | 'F32'

/** What names and shapes a model file. */
export interface ModelFileOptions {
  config: ModelConfig
  /** `general.name`. */
  name: string
  precision: Precision
}

/**
 * A LLaMA model as GGUF v3 with the byte tokenizer and a ChatML template.
 * @param weights all weights, in the order of {@link parameters}
 */
export function encodeModel(options: ModelFileOptions, weights: Float32Array): Uint8Array {
  const data = (parameter: Parameter, { type }: GgufTensor): Uint8Array[] => {
    const values = weights.subarray(parameter.offset, parameter.offset + parameter.count)
    const encoded = type === 'F16' ? Uint16Array.from(values, toHalf) : values.slice()
    return [new Uint8Array(encoded.buffer)]
  }
  return concatBytes(...modelFile(options, data))
}

/** A model file piece by piece; `data` gives a tensor's bytes in any number of pieces. */
export function* modelFile(
  { config, name, precision }: ModelFileOptions,
  data: (parameter: Parameter, tensor: GgufTensor) => Iterable<Uint8Array>,
): Generator<Uint8Array> {
  const list = parameters(config).map((parameter) => {
    const type: Precision = parameter.shape.length === 1 ? 'F32' : precision
    return { parameter, tensor: { name: parameter.name, shape: parameter.shape, type } }
  })
  const tensors = list.map(({ tensor }) => tensor)
  yield encodeHeader(llamaMetadata(config, name, precision), tensors)
  for (const { parameter, tensor } of list) {
    yield* data(parameter, tensor)
    const size = tensorSize(tensor)
    yield new Uint8Array(align(size) - size)
  }
}
