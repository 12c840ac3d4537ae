import { availableParallelism } from 'node:os'
import type { LlamaModel } from 'node-llama-cpp'

/** Models below this size spend more time on handing work between threads than on the work. */
const SMALL = 50e6
const MOST_THREADS = 8

export function parametersOf(model: LlamaModel): number {
  const tensors = model.fileInfo.fullTensorInfo ?? []
  return tensors.reduce((sum, { dimensions }) => sum + dimensions.reduce<number>((n, size) => n * Number(size), 1), 0)
}

/**
 * One thread for a small model; else the cores that are useful for math, less one for the server, at most eight.
 * llama.cpp's threads spin while they wait: more threads than free cores cost not a little but a factor of hundreds.
 */
export function threadsFor(parameters: number, mathCores: number, cores = availableParallelism()): number {
  return parameters < SMALL ? 1 : Math.max(1, Math.min(mathCores - 1, cores - 1, MOST_THREADS))
}
