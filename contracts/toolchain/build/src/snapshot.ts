import { DcmlError } from '@dcml/protocol'
import { badSource } from './errors.ts'
import { WasmError } from './wasm/bytes.ts'
import { readSections, SECTION, sectionReader } from './wasm/sections.ts'

/** What evaluating a bundle left behind. */
export interface Snapshot {
  readonly memory: Uint8Array
  /** Names of the exported functions; the position is the index `invoke` takes. */
  readonly methods: readonly string[]
  /** The host functions the bundle mentions, and those the engine always needs. */
  readonly imports: readonly string[]
}

/** The slice of the platform's WebAssembly this needs; Node's types do not describe it. */
declare const WebAssembly: {
  compile(bytes: Uint8Array<ArrayBuffer>): Promise<object>
  instantiate(module: object, imports: object): Promise<{ exports: object }>
  Module: { imports(module: object): readonly { readonly name: string }[] }
}

interface EngineExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  prep_alloc(size: number): number
  prep_eval(pointer: number, length: number): number
  prep_imports(): number
}

/**
 * Evaluates a bundle in the engine, without a host, and copies the memory it leaves.
 * @throws DcmlError `contract_load` for a host call or any other error while the module loads; `contract_source`
 */
export async function snapshot(engine: Uint8Array<ArrayBuffer>, bundle: string): Promise<Snapshot> {
  const module = await WebAssembly.compile(engine)
  const env: Record<string, (...args: bigint[]) => never> = {}
  for (const { name } of WebAssembly.Module.imports(module))
    env[name] = () => {
      throw new Error(`the engine called ${name} while preparing`)
    }
  env.panic_utf8 = (length = 0n, pointer = 0n) => {
    throw loadError(new TextDecoder().decode(new Uint8Array(memory.buffer, Number(pointer), Number(length))))
  }
  const instance = await WebAssembly.instantiate(module, { env })
  const { memory, prep_alloc, prep_eval, prep_imports } = instance.exports as EngineExports

  const text = new TextEncoder().encode(bundle)
  try {
    const pointer = prep_alloc(text.length + 1)
    new Uint8Array(memory.buffer, pointer, text.length + 1).set([...text, 0])
    const methods = linesAt(memory, prep_eval(pointer, text.length))
    // dead between calls; what evaluation left there would be loaded, and paid for, by each
    const copy = new Uint8Array(memory.buffer).slice().fill(0, 0, stackTop(engine))
    return { memory: copy, methods, imports: linesAt(memory, prep_imports()) }
  } catch (cause) {
    if (DcmlError.isInstance(cause)) throw cause
    throw badSource(`The contract breaks the engine while it loads: ${(cause as Error).message}.`, cause)
  }
}

/** Where the stack starts, downwards to 0: the stack pointer is the module's only global. */
function stackTop(engine: Uint8Array): number {
  const global = sectionReader(readSections(engine), SECTION.global)
  const [count, , isMutable, opcode] = [global.u32(), global.byte(), global.byte(), global.byte()]
  if (count !== 1 || isMutable !== 1 || opcode !== 0x41) throw new WasmError('the engine has another stack')
  return Number(global.signed(32))
}

function loadError(message: string): DcmlError {
  return new DcmlError('contract_load', `The contract fails while it loads: ${message.trim()}`, {
    hint: 'A module loads at build time, without a chain: move host calls into methods.',
  })
}

function linesAt(memory: EngineExports['memory'], pointer: number): string[] {
  const bytes = new Uint8Array(memory.buffer, pointer)
  const text = new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)))
  return text.split('\n').filter((line) => line !== '')
}
