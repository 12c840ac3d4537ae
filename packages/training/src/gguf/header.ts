import { concatBytes, utf8 } from '@dcml/protocol'

/** A metadata value of GGUF v3; numbers carry their type because the format has no plain one. */
export type GgufValue =
  | { type: 'u32' | 'i32' | 'f32'; value: number }
  | { type: 'bool'; value: boolean }
  | { type: 'text'; value: string }
  | { type: 'texts'; value: readonly string[] }
  | { type: 'i32s'; value: readonly number[] }

/** Type numbers of a tensor's elements. */
const TENSOR_TYPES = { F32: 0, F16: 1 } as const

export interface GgufTensor {
  name: string
  /** Row-major shape; the file lists it fastest first. */
  shape: readonly number[]
  type: keyof typeof TENSOR_TYPES
}

/** Tensors start at multiples of this many bytes. */
const ALIGNMENT = 32
const CODES = { u32: 4, i32: 5, f32: 6, bool: 7, text: 8, array: 9 } as const

export const align = (size: number): number => Math.ceil(size / ALIGNMENT) * ALIGNMENT

/** Bytes of a tensor's data, without padding. */
export const tensorSize = ({ shape, type }: GgufTensor): number =>
  shape.reduce((product, size) => product * size, 1) * (type === 'F16' ? 2 : 4)

/** Everything before the first tensor, padded to the alignment (GGUF v3 specification, ggml-org/ggml docs/gguf.md). */
export function encodeHeader(
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): Uint8Array {
  const entries = Object.entries({ ...metadata, 'general.alignment': { type: 'u32', value: ALIGNMENT } as GgufValue })
  let offset = 0
  const infos = tensors.map((tensor) => {
    const dimensions = [...tensor.shape].reverse().map(u64)
    const info = [text(tensor.name), u32(dimensions.length), ...dimensions, u32(TENSOR_TYPES[tensor.type]), u64(offset)]
    offset += align(tensorSize(tensor))
    return concatBytes(...info)
  })
  const body = concatBytes(
    ...[utf8('GGUF'), u32(3), u64(tensors.length), u64(entries.length)],
    ...entries.map(([key, value]) => concatBytes(text(key), encodeValue(value))),
    ...infos,
  )
  const padded = new Uint8Array(align(body.length))
  padded.set(body)
  return padded
}

function encodeValue(value: GgufValue): Uint8Array {
  switch (value.type) {
    case 'u32':
      return concatBytes(u32(CODES.u32), u32(value.value))
    case 'i32':
      return concatBytes(u32(CODES.i32), u32(value.value))
    case 'f32':
      return concatBytes(u32(CODES.f32), new Uint8Array(Float32Array.of(value.value).buffer))
    case 'bool':
      return concatBytes(u32(CODES.bool), Uint8Array.of(value.value ? 1 : 0))
    case 'text':
      return concatBytes(u32(CODES.text), text(value.value))
    case 'texts':
      return concatBytes(u32(CODES.array), u32(CODES.text), u64(value.value.length), ...value.value.map(text))
    case 'i32s':
      return concatBytes(u32(CODES.array), u32(CODES.i32), u64(value.value.length), ...value.value.map(u32))
  }
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true)
  return bytes
}

function text(value: string): Uint8Array {
  const bytes = utf8(value)
  return concatBytes(u64(bytes.length), bytes)
}
