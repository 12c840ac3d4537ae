import { createHash } from 'node:crypto'
import { metered } from './meter.ts'

declare const WebAssembly: {
  compile(bytes: Uint8Array<ArrayBuffer>): Promise<object>
  instantiate(module: object, imports: object): Promise<{ exports: Record<string, unknown> }>
}

/** What the caller of one call decides. */
export interface Context {
  readonly predecessor?: string
  readonly deposit?: bigint
  /** Results for a callback; null for a promise that failed. */
  readonly results?: readonly (string | null)[]
  /** Sent as they are; otherwise `args` as JSON. */
  readonly input?: string
}

/** What one call did. */
export interface Result {
  /** The panic's or trap's text; undefined for a call that went through. */
  readonly failure: string | undefined
  readonly returned: unknown
  readonly logs: readonly string[]
  /** Host calls that make or extend promises, in order, as text. */
  readonly promises: readonly string[]
  readonly instructions: bigint
  /** Instructions, loading and host functions at protocol 86's prices; no trie nodes, no function entries, no receipt. */
  readonly gas: bigint
}

const U64_MAX = 2n ** 64n - 1n
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

const modules = new WeakMap<Uint8Array, Promise<object>>()

/** A contract on an account of its own with a small stand-in for the host: a map as storage, promises only noted. */
export class Contract {
  readonly account: string
  readonly storage = new Map<string, Uint8Array>()
  readonly #module: Promise<object>
  readonly #bytes: number

  constructor(wasm: Uint8Array, account = 'contract.near') {
    this.#module = modules.get(wasm) ?? WebAssembly.compile(metered(wasm))
    modules.set(wasm, this.#module)
    this.#bytes = wasm.length
    this.account = account
  }

  /** A copy with the storage as it stands, and another code if given. */
  upgraded(wasm: Uint8Array): Contract {
    const next = new Contract(wasm, this.account)
    for (const [key, value] of this.storage) next.storage.set(key, value)
    return next
  }

  get state(): unknown {
    const state = this.storage.get('STATE')
    return state && JSON.parse(text(state))
  }

  /** Runs one method. What it stored stays only if it did not fail. */
  async call(method: string, args: object = {}, context: Context = {}): Promise<Result> {
    const call = new Call(this, context, context.input ?? JSON.stringify(args))
    const { exports } = await WebAssembly.instantiate(await this.#module, { env: call.imports() })
    call.memory = exports.memory as Call['memory']
    const before = new Map(this.storage)
    try {
      ;(exports[method] as () => void)()
    } catch (error) {
      call.failure = (error as Error).message
      this.storage.clear()
      for (const [key, value] of before) this.storage.set(key, value)
    }
    const instructions = (exports.$executed as { value: bigint }).value
    const loading = 35_445_963n + 1_089_295n * BigInt(this.#bytes)
    const { failure, returned, logs, promises } = call
    return { failure, returned, logs, promises, instructions, gas: call.gas + loading + instructions * 822_756n }
  }
}

type HostFunction = (...args: bigint[]) => bigint | number | undefined

class Call {
  memory: { buffer: ArrayBuffer } = { buffer: new ArrayBuffer(0) }
  failure: string | undefined
  returned: unknown
  gas = 0n
  readonly logs: string[] = []
  readonly promises: string[] = []
  readonly #registers = new Map<bigint, Uint8Array>()
  readonly #contract: Contract
  readonly #context: Context
  readonly #input: string

  constructor(contract: Contract, context: Context, input: string) {
    this.#contract = contract
    this.#context = context
    this.#input = input
  }

  #pay(base: bigint, perByte = 0n, bytes = 0): void {
    this.gas += base + perByte * BigInt(bytes)
  }

  #bytes(length: bigint, pointer: bigint): Uint8Array {
    this.#pay(2_609_863_200n, 3_801_333n, Number(length))
    return new Uint8Array(this.memory.buffer, Number(pointer), Number(length)).slice()
  }

  #text = (length: bigint, pointer: bigint): string => text(this.#bytes(length, pointer))

  #amount(pointer: bigint): bigint {
    const view = new DataView(this.memory.buffer, Number(pointer), 16)
    return view.getBigUint64(0, true) + (view.getBigUint64(8, true) << 64n)
  }

  #set(register: bigint, value: Uint8Array | string): undefined {
    const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
    this.#pay(2_865_522_486n, 3_801_564n, bytes.length)
    this.#registers.set(register, bytes)
  }

  #putAmount(pointer: bigint, amount: bigint): undefined {
    this.#pay(2_803_794_861n, 2_723_772n, 16)
    const view = new DataView(this.memory.buffer, Number(pointer), 16)
    view.setBigUint64(0, amount & U64_MAX, true)
    view.setBigUint64(8, amount >> 64n, true)
  }

  #promise(line: string): bigint {
    return BigInt(this.promises.push(line) - 1)
  }

  #note(line: string): undefined {
    this.promises.push(line)
  }

  #found(register: bigint, value: Uint8Array | undefined): bigint {
    if (value === undefined) return 0n
    this.#set(register, value)
    return 1n
  }

  imports(): Record<string, HostFunction> {
    const { storage, account } = this.#contract
    const { predecessor = 'caller.near', deposit = 0n, results = [] } = this.#context
    const known: Record<string, HostFunction> = {
      panic_utf8: (length = 0n, pointer = 0n) => {
        throw new Error(this.#text(length, pointer))
      },
      register_len: (register = 0n) => BigInt(this.#registers.get(register)?.length ?? U64_MAX),
      read_register: (register = 0n, pointer = 0n) => {
        const value = this.#registers.get(register) as Uint8Array
        this.#pay(2_517_165_186n + 2_803_794_861n, 98_562n + 2_723_772n, value.length)
        new Uint8Array(this.memory.buffer).set(value, Number(pointer))
        return undefined
      },
      input: (register = 0n) => this.#set(register, this.#input),
      current_account_id: (register = 0n) => this.#set(register, account),
      predecessor_account_id: (register = 0n) => this.#set(register, predecessor),
      signer_account_id: (register = 0n) => this.#set(register, predecessor),
      chain_id: (register = 0n) => this.#set(register, 'localnet'),
      block_timestamp: () => 1_800_000_000_000_000_000n,
      attached_deposit: (pointer = 0n) => this.#putAmount(pointer, deposit),
      sha256: (length = 0n, pointer = 0n, register = 0n) =>
        this.#set(register, createHash('sha256').update(this.#bytes(length, pointer)).digest()),
      value_return: (length = 0n, pointer = 0n) => {
        this.returned = JSON.parse(this.#text(length, pointer))
        return undefined
      },
      log_utf8: (length = 0n, pointer = 0n) => {
        this.#pay(3_111_779_061n + 3_543_313_050n, 291_580_479n + 13_198_791n, Number(length))
        this.logs.push(this.#text(length, pointer))
        return undefined
      },
      storage_read: (length = 0n, pointer = 0n, register = 0n) => {
        const value = storage.get(this.#text(length, pointer))
        this.#pay(56_356_845_749n, 30_952_533n, Number(length))
        this.#pay(0n, 5_611_004n, value?.length ?? 0)
        return this.#found(register, value)
      },
      storage_write: (length = 0n, pointer = 0n, valueLength = 0n, valuePointer = 0n, register = 0n) => {
        const key = this.#text(length, pointer)
        const old = storage.get(key)
        storage.set(key, this.#bytes(valueLength, valuePointer))
        this.#pay(64_196_736_000n, 70_482_867n, key.length)
        this.#pay(0n, 31_018_539n, Number(valueLength))
        this.#pay(0n, 32_117_307n, old?.length ?? 0)
        return this.#found(register, old)
      },
      storage_remove: (length = 0n, pointer = 0n, register = 0n) => {
        const key = this.#text(length, pointer)
        const old = storage.get(key)
        storage.delete(key)
        return this.#found(register, old)
      },
      storage_usage: () => {
        let bytes = 500n
        for (const [key, value] of storage) bytes += BigInt(40 + key.length + value.length)
        return bytes
      },
      storage_has_key: (length = 0n, pointer = 0n) => (storage.has(this.#text(length, pointer)) ? 1n : 0n),
      promise_results_count: () => BigInt(results.length),
      promise_result: (at = 0n, register = 0n) => {
        const result = results[Number(at)]
        if (typeof result !== 'string') return 2n
        this.#set(register, result)
        return 1n
      },
      promise_return: (index = 0n) => this.#note(`return ${index}`),
      promise_and: () => this.#promise('and'),
      promise_batch_create: (length = 0n, pointer = 0n) => this.#promise(`to ${this.#text(length, pointer)}`),
      promise_batch_then: (index = 0n, length = 0n, pointer = 0n) =>
        this.#promise(`after ${index} to ${this.#text(length, pointer)}`),
      promise_batch_action_transfer: (index = 0n, amount = 0n) =>
        this.#note(`${index} transfer ${this.#amount(amount)}`),
      promise_batch_action_function_call_weight: (
        ...[index = 0n, ml = 0n, mp = 0n, al = 0n, ap = 0n, amount = 0n, gas = 0n]
      ) => {
        const call = `${this.#text(ml, mp)} ${this.#text(al, ap)}`
        return this.#note(`${index} call ${call} deposit ${this.#amount(amount)} gas ${gas}`)
      },
    }
    known.promise_batch_action_function_call = known.promise_batch_action_function_call_weight as HostFunction
    const base =
      (call: HostFunction): HostFunction =>
      (...args) => {
        this.#pay(264_768_111n)
        return call(...args)
      }
    const missing = (name: string) => () => {
      throw new Error(`the test host has no ${name}`)
    }
    return new Proxy({}, { get: (_, name: string) => (known[name] ? base(known[name]) : missing(name)) })
  }
}
