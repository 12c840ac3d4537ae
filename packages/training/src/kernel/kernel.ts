import { DcmlError } from '@dcml/protocol'
import { kernelWasm } from './wasm.ts'

/** Byte offset in the kernel's memory. */
export type Pointer = number

/** Compiled kernels (see `assembly/`); pointers in bytes, strides and sizes in elements. */
interface KernelExports {
  heapBase(): Pointer
  gemm(
    a: Pointer,
    aRow: number,
    aCol: number,
    b: Pointer,
    bRow: number,
    bCol: number,
    c: Pointer,
    cRow: number,
    m: number,
    n: number,
    k: number,
    accumulate: 0 | 1,
  ): void
  ropeTable(table: Pointer, positions: number, headSize: number, base: number): void
  rope(
    x: Pointer,
    table: Pointer,
    sequences: number,
    length: number,
    width: number,
    headSize: number,
    direction: 1 | -1,
  ): void
  causalSoftmax(scores: Pointer, size: number, scale: number): void
  causalSoftmaxBackward(probabilities: Pointer, gradient: Pointer, size: number, scale: number): void
  rmsNorm(x: Pointer, weight: Pointer, y: Pointer, inverse: Pointer, rows: number, width: number): void
  rmsNormBackward(
    x: Pointer,
    weight: Pointer,
    inverse: Pointer,
    dy: Pointer,
    dx: Pointer,
    dWeight: Pointer,
    rows: number,
    width: number,
  ): void
  swiglu(gate: Pointer, up: Pointer, y: Pointer, count: number): void
  swigluBackward(gate: Pointer, up: Pointer, dy: Pointer, dGate: Pointer, dUp: Pointer, count: number): void
  add(a: Pointer, b: Pointer, count: number): void
  embed(table: Pointer, ids: Pointer, y: Pointer, rows: number, width: number): void
  embedBackward(dTable: Pointer, ids: Pointer, dy: Pointer, rows: number, width: number): void
  crossEntropy(logits: Pointer, targets: Pointer, rows: number, width: number, gradient: 0 | 1): number
  sumOfSquares(x: Pointer, count: number): number
  adamW(
    weights: Pointer,
    gradients: Pointer,
    mean: Pointer,
    variance: Pointer,
    count: number,
    rate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    decay: number,
    meanCorrection: number,
    varianceCorrection: number,
    clip: number,
  ): void
}

/** The kernels over one growing memory. Views made before an `allocate` are stale after it. */
export interface Kernel extends KernelExports {
  /**
   * Zeroed room for `count` 32-bit elements, aligned to 64 bytes.
   * @throws DcmlError `model_too_large`
   */
  allocate(count: number): Pointer
  floats(pointer: Pointer, count: number): Float32Array<ArrayBuffer>
  words(pointer: Pointer, count: number): Uint32Array<ArrayBuffer>
}

interface WasmMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): void
}

// Neither the es2024 library nor Node's types know this global as a value.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object
  Memory: new (limits: { initial: number }) => WasmMemory
  Instance: new (module: object, imports: { env: { memory: WasmMemory } }) => { exports: object }
}

let compiled: object | undefined
const PAGE = 65536
const LIMIT = 65536 * PAGE

export function createKernel(): Kernel {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(kernelWasm), (character) => character.charCodeAt(0)))
  const memory = new WebAssembly.Memory({ initial: 16 })
  const instance = new WebAssembly.Instance(compiled, { env: { memory } })
  const exports = instance.exports as KernelExports
  let end = exports.heapBase()
  return {
    ...exports,
    allocate(count) {
      const start = Math.ceil(end / 64) * 64
      end = start + count * 4
      if (end > LIMIT) {
        throw new DcmlError('model_too_large', 'Model and batch do not fit in the 4 GiB a kernel can address', {
          hint: 'Train a smaller model, or use a smaller batch or context.',
        })
      }
      const missing = end - memory.buffer.byteLength
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
      return start
    },
    floats: (pointer, count) => new Float32Array(memory.buffer, pointer, count),
    words: (pointer, count) => new Uint32Array(memory.buffer, pointer, count),
  }
}
