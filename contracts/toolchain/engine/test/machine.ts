import { loadEngine } from '../src/index.ts'

interface Memory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

type HostCall = (...words: bigint[]) => bigint | number | undefined

interface Exports {
  readonly memory: Memory
  prep_alloc(size: number): number
  prep_eval(pointer: number, length: number): number
  prep_imports(): number
  invoke(index: number): void
}

// Neither the es2024 library nor Node's types know this global as a value.
declare const WebAssembly: {
  Module: (new (
    bytes: Uint8Array,
  ) => object) & {
    imports(module: object): { module: string; name: string; kind: string }[]
    exports(module: object): { name: string; kind: string }[]
  }
  Instance: new (module: object, imports: { env: Record<string, HostCall> }) => { exports: Exports }
}

const PAGE = 65536
const files = await loadEngine()
export const modules = { engine: new WebAssembly.Module(files.engine), runtime: new WebAssembly.Module(files.runtime) }
export const importsOf = (module: object) => WebAssembly.Module.imports(module)
export const exportsOf = (module: object) => WebAssembly.Module.exports(module).map(({ name }) => name)

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** What a bundle left at build time. */
export interface Prepared {
  memory: Uint8Array
  methods: string[]
  imports: string[]
}

/** Thrown by the mock's panic_utf8, which must not return. */
export class Panic extends Error {}

/** Evaluates a bundle in engine.wasm, as a contract build does. */
export function prepare(source: string): Prepared {
  const host = createHost()
  const env: Record<string, HostCall> = {}
  for (const { name } of importsOf(modules.engine))
    env[name] = () => {
      throw new Error(`host function ${name} at build time`)
    }
  env.panic_utf8 = host.env.panic_utf8!
  const { exports } = new WebAssembly.Instance(modules.engine, { env })
  host.attach(exports.memory)
  const text = new TextEncoder().encode(source)
  const pointer = exports.prep_alloc(text.length + 1)
  new Uint8Array(exports.memory.buffer, pointer, text.length + 1).set([...text, 0])
  const methods = lines(exports.memory, exports.prep_eval(pointer, text.length))
  const memory = new Uint8Array(exports.memory.buffer).slice()
  return { memory, methods, imports: lines(exports.memory, exports.prep_imports()) }
}

function lines(memory: Memory, pointer: number): string[] {
  const bytes = new Uint8Array(memory.buffer, pointer)
  return utf8
    .decode(bytes.subarray(0, bytes.indexOf(0)))
    .split('\n')
    .slice(0, -1)
}

/** A host that knows what most methods need; `overrides` sees the raw words of any other function. */
export function createHost(overrides: Record<string, HostCall> = {}) {
  let memory: Memory
  const registers = new Map<bigint, Uint8Array>()
  const state = { input: new Uint8Array(), returned: undefined as Uint8Array | undefined, logs: [] as string[] }
  const read = (length: bigint, pointer: bigint): Uint8Array =>
    new Uint8Array(memory.buffer, Number(pointer), Number(length)).slice()
  const key = (id: bigint): bigint => BigInt.asUintN(64, id)
  const env: Record<string, HostCall> = {
    register_len: (id) => BigInt(registers.get(key(id!))?.length ?? -1),
    read_register: (id, pointer) => {
      new Uint8Array(memory.buffer).set(registers.get(key(id!))!, Number(pointer))
      return undefined
    },
    write_register: (id, length, pointer) => {
      registers.set(key(id!), read(length!, pointer!))
      return undefined
    },
    input: (id) => {
      registers.set(key(id!), state.input)
      return undefined
    },
    block_timestamp: () => 1_700_000_000_123_456_789n,
    value_return: (length, pointer) => {
      state.returned = read(length!, pointer!)
      return undefined
    },
    log_utf8: (length, pointer) => {
      state.logs.push(utf8.decode(read(length!, pointer!)))
      return undefined
    },
    panic_utf8: (length, pointer) => {
      throw new Panic(utf8.decode(read(length!, pointer!)))
    },
    ...overrides,
  }
  return { env, state, registers, read, attach: (to: Memory) => (memory = to), memory: () => memory }
}

export type Host = ReturnType<typeof createHost>

/** A contract as NEAR runs it: the runtime over the snapshot, with NEAR's 1,024 pages. */
export function start(prepared: Prepared, host: Host = createHost()) {
  const env: Record<string, HostCall> = {}
  for (const { name } of importsOf(modules.runtime))
    env[name] =
      host.env[name] ??
      (() => {
        throw new Error(`the mock has no ${name}`)
      })
  const { exports } = new WebAssembly.Instance(modules.runtime, { env })
  exports.memory.grow(1024 - exports.memory.buffer.byteLength / PAGE)
  new Uint8Array(exports.memory.buffer).set(prepared.memory)
  host.attach(exports.memory)
  const call = (method: string, input: Uint8Array | string = ''): Uint8Array => {
    host.state.input = Uint8Array.from(typeof input === 'string' ? new TextEncoder().encode(input) : input)
    host.state.returned = undefined
    exports.invoke(prepared.methods.indexOf(method))
    return host.state.returned ?? new Uint8Array()
  }
  return { call, host, text: (method: string, input?: string) => utf8.decode(call(method, input)) }
}

/** The text a one-method contract returns for an expression, or its panic's first line. */
export function evaluate(expression: string, host?: Host): string {
  const contract = start(prepare(`export function run() { env.value_return(String(${expression})) }`), host)
  try {
    return contract.text('run')
  } catch (error) {
    if (error instanceof Panic) return error.message.split('\n')[0]!
    throw error
  }
}
