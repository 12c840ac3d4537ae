import { open } from 'node:fs/promises'
import { DcmlError } from '@dcml/protocol'
import type { Llama, LlamaModel } from 'node-llama-cpp'
import * as v from 'valibot'
import type { EngineLoader, EngineLog, ModelFile } from '../engine.ts'
import { unsupported } from '../faults.ts'
import { countUpTo, parseOptions } from '../options.ts'
import { LlamaCppEngine } from './engine.ts'
import { type LlamaLibrary, loadLibrary } from './library.ts'
import { SPARE_SEQUENCES } from './sequences.ts'
import { parametersOf, threadsFor } from './threads.ts'

/** Options of {@link llamaCppLoader}. */
export interface LlamaCppOptions {
  /** Threads that compute. Default: 1 below 50 million parameters, else physical cores - 1, at most 8. */
  readonly threads?: number
  /** Requests that run at once. Memory grows with `parallel` times `contextLength`. Default 8. */
  readonly parallel?: number
  /** Tokens of one conversation. Default: what the model was trained for, at most 4096. */
  readonly contextLength?: number
}

/** llama.cpp batches 256 sequences at most and counts the tokens of all of them in 32 bits. */
const optionsSchema = v.strictObject({
  threads: countUpTo(1024),
  parallel: countUpTo(256 - SPARE_SEQUENCES),
  contextLength: countUpTo(2 ** 23),
})
const DEFAULT_PARALLEL = 8
const DEFAULT_CONTEXT = 4096
/** "GGUF", then the version, little endian; llama.cpp reads 2 and 3. */
const GGUF_BEGINNINGS = ['GGUF\x02\0\0\0', 'GGUF\x03\0\0\0']

/**
 * Runs a GGUF model in this process, on the CPU, through the optional peer `node-llama-cpp`. The model is one `.gguf`
 * file; with mmap its weights exist once, in the pages of the file.
 *
 * @throws DcmlError `engine_options_invalid`; and by `load`: `engine_unsupported` (library or binary missing, split model), `model_not_gguf`,
 * `model_load_failed`, `model_too_large`
 */
export function llamaCppLoader(options: LlamaCppOptions = {}): EngineLoader {
  parseOptions(optionsSchema, options)
  return {
    name: 'llama.cpp',
    async load(files, { signal, log }) {
      const file = await theGguf(files)
      signal.throwIfAborted()
      const library = await loadLibrary()
      library.logTo(log)
      const model = await loadModel(library.llama, file, signal)
      try {
        const engine = await createEngine(library, model, options, signal, log)
        library.logTo(log, { withText: false })
        return engine
      } catch (error) {
        await model.dispose()
        throw error
      }
    },
  }
}

async function loadModel(llama: Llama, file: ModelFile, signal: AbortSignal): Promise<LlamaModel> {
  try {
    // The weights are already in memory, as tmpfs pages: mapping them takes no more, whatever the library estimates.
    const modelPath = file.path
    return await llama.loadModel({ modelPath, useMmap: true, ignoreMemorySafetyChecks: true, loadSignal: signal })
  } catch (cause) {
    signal.throwIfAborted()
    throw new DcmlError('model_load_failed', 'llama.cpp cannot load this model.', {
      hint: 'Check that its architecture is supported by the llama.cpp of node-llama-cpp, and convert it again if not.',
      details: { file: file.name },
      cause,
    })
  }
}

async function createEngine(
  library: LlamaLibrary,
  model: LlamaModel,
  options: LlamaCppOptions,
  signal: AbortSignal,
  log: EngineLog | undefined,
): Promise<LlamaCppEngine> {
  const parameters = parametersOf(model)
  const threads = options.threads ?? threadsFor(parameters, library.llama.cpuMathCores)
  const parallel = options.parallel ?? DEFAULT_PARALLEL
  const contextLength = options.contextLength ?? Math.min(model.trainContextSize, DEFAULT_CONTEXT)
  const size = { sequences: parallel + SPARE_SEQUENCES, contextSize: contextLength }
  const { cpuRam } = model.fileInsights.estimateContextResourceRequirements({ ...size, modelGpuLayers: 0 })
  // The library's own check tries allocations out, which for a large context takes minutes.
  if (cpuRam > process.availableMemory()) throw tooLarge(parallel, contextLength)
  const context = await model
    .createContext({ ...size, threads, createSignal: signal, ignoreMemorySafetyChecks: true })
    .catch((cause: unknown) => {
      signal.throwIfAborted()
      throw tooLarge(parallel, contextLength, cause)
    })
  log?.info({ parameters, threads, parallel, contextLength }, 'model loaded by llama.cpp')
  return new LlamaCppEngine({ library, model, context, threads })
}

const tooLarge = (parallel: number, contextLength: number, cause?: unknown): DcmlError =>
  new DcmlError('model_too_large', `No memory for ${parallel} conversations of ${contextLength} tokens.`, {
    hint: 'Lower `parallel` or `contextLength`, or use a machine with more memory.',
    details: { parallel, contextLength },
    cause,
  })

/** The one file that llama.cpp is to load, looked at before its parser sees it. */
async function theGguf(files: readonly ModelFile[]): Promise<ModelFile> {
  const named = files.filter(({ name }) => name.endsWith('.gguf'))
  if (named.length > 1) {
    throw unsupported('The embedded engine loads one GGUF file.', 'Merge the parts with `llama-gguf-split --merge`.')
  }
  const file = named[0] ?? files[0]
  if (file && GGUF_BEGINNINGS.includes(await beginningOf(file.path, 8))) return file
  throw new DcmlError('model_not_gguf', 'The model is not a GGUF file of version 2 or 3.', {
    hint: 'Convert it with `convert_hf_to_gguf.py` of llama.cpp, or serve it with an upstream engine.',
    ...(file && { details: { file: file.name } }),
  })
}

async function beginningOf(path: string, length: number): Promise<string> {
  const handle = await open(path)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await handle.close()
  }
}
