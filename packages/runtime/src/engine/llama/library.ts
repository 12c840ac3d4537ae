import type { Llama } from 'node-llama-cpp'
import type { EngineLog } from '../engine.ts'
import { unsupported } from '../faults.ts'

/** node-llama-cpp and its one instance of llama.cpp. */
export interface LlamaLibrary {
  readonly module: typeof import('node-llama-cpp')
  readonly llama: Llama
  /**
   * Where llama.cpp's faults are reported. Without text once requests come in: a message may quote one, such as a
   * grammar that does not parse.
   */
  logTo(log: EngineLog | undefined, options?: { withText: boolean }): void
}

let loaded: Promise<LlamaLibrary> | undefined

/**
 * Loads the library once per process. A second instance would take the log callback from the first, whose end then
 * takes it from both, and llama.cpp falls back to writing on standard output.
 * @throws DcmlError `engine_unsupported`
 */
export function loadLibrary(): Promise<LlamaLibrary> {
  loaded ??= start().catch((error: unknown) => {
    loaded = undefined
    throw error
  })
  return loaded
}

async function start(): Promise<LlamaLibrary> {
  const module = await importModule()
  const llama = await startLlama(module)
  return {
    module,
    llama,
    logTo(log, { withText } = { withText: true }) {
      llama.logger = (level, message) => {
        log?.warn({ level, ...(withText && { text: message.trim() }) }, 'llama.cpp reports a fault')
      }
    },
  }
}

async function importModule(): Promise<typeof import('node-llama-cpp')> {
  try {
    return await import('node-llama-cpp')
  } catch (cause) {
    throw unsupported('node-llama-cpp is not installed.', 'Run `npm install node-llama-cpp@3`.', cause)
  }
}

/** Nothing is probed, compiled or downloaded, and nothing is written to the console. Threads are capped per context. */
async function startLlama({ getLlama, LlamaLogLevel }: typeof import('node-llama-cpp')): Promise<Llama> {
  try {
    return await getLlama({
      gpu: false,
      build: 'never',
      maxThreads: 0,
      logLevel: LlamaLogLevel.error,
      logger: () => {},
    })
  } catch (cause) {
    const platform = `${process.platform}-${process.arch}`
    throw unsupported(
      `There is no llama.cpp binary for ${platform}.`,
      `Install @node-llama-cpp/${platform} of the same version as node-llama-cpp.`,
      cause,
    )
  }
}
