// Calls host functions without code around them, as nearcore's `logic/tests` do.
import { paramsFor } from '../src/params/index.ts'
import type { LimitName, Params } from '../src/params/types.ts'
import { Call } from '../src/vm/call.ts'
import { hostFunctions } from '../src/vm/host/table.ts'
import { HostError } from '../src/vm/host-error.ts'
import type { VmContext } from '../src/vm/types.ts'
import { context, TestExternal } from './vm.ts'

const PAGE = 65_536
const U64_MAX = 2n ** 64n - 1n

export interface Changes extends Partial<VmContext> {
  readonly limits?: Partial<Record<LimitName, number>>
  readonly fees?: Partial<Params['fees']>
  readonly flags?: Partial<Params['flags']>
  readonly version?: 86 | 87
  /** Charges nothing. */
  readonly free?: boolean
}

/** Data in guest memory: its length and its place, in the order host functions take them. */
export type Slice = readonly [length: bigint, pointer: bigint]

export class Logic {
  readonly external = new TestExternal()
  readonly memory = new Uint8Array(PAGE)
  readonly params: Params
  readonly call: Call
  #written = 0

  constructor({ limits, fees, flags, version, free, ...changes }: Changes = {}) {
    const base = paramsFor(version ?? 86)
    this.params = {
      ...base,
      limits: { ...base.limits, ...limits },
      fees: { ...(free ? zeroed(base.fees, { sendSir: 0n, sendNotSir: 0n, execution: 0n }) : base.fees), ...fees },
      flags: { ...base.flags, ...flags } as Params['flags'],
      extCosts: free ? zeroed(base.extCosts, 0) : base.extCosts,
    }
    this.call = new Call(context(changes), this.external, this.params)
    const memory = { buffer: this.memory.buffer as ArrayBuffer, grow: () => -1 }
    this.call.attach({ memory, missing: 0 }, { value: 0n })
  }

  /** Puts data after what was written before. */
  write(data: string | Uint8Array): Slice {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
    const pointer = this.#written
    this.memory.set(bytes, pointer)
    this.#written += bytes.length
    return [BigInt(bytes.length), BigInt(pointer)]
  }

  /** Pointer of a u128 or u64 in memory. */
  number(value: bigint, size = 16): bigint {
    const bytes = new Uint8Array(size)
    for (let at = 0, rest = value; at < size; at++, rest >>= 8n) bytes[at] = Number(rest & 0xffn)
    return this.write(bytes)[1]
  }

  /** Puts data into a register, and its name for host functions in its place. */
  register(id: bigint, data: Uint8Array): Slice {
    this.call.setRegister(id, data)
    return [-1n, id]
  }

  /** What a host function returns, unsigned, and undefined where it returns nothing. @throws HostError */
  run(name: string, ...args: readonly (bigint | number)[]): bigint | undefined {
    const host = hostFunctions(this.params)[name]!
    const wide = host.params.map((type, at) => {
      const value = BigInt(args[at]!)
      return type === 'i32' ? Number(BigInt.asIntN(32, value)) : BigInt.asIntN(64, value)
    })
    if (args.length !== wide.length) throw new Error(`${name} takes ${wide.length} arguments`)
    const result = (host.run as (call: Call, ...rest: unknown[]) => bigint | number | undefined)(this.call, ...wide)
    return host.result === null ? undefined : BigInt.asUintN(64, BigInt(result!))
  }

  /** Debug text of the refusal, or undefined. */
  refusal(name: string, ...args: readonly (bigint | number)[]): string | undefined {
    try {
      this.run(name, ...args)
    } catch (error) {
      if (error instanceof HostError) return error.debug
      throw error
    }
    return undefined
  }

  /** Content of a register, without charge. */
  read(register: bigint): Uint8Array | undefined {
    return this.call.registers.get(register)
  }

  /** How often each cost was charged so far. */
  costs(): Record<string, number> {
    return Object.fromEntries(
      [...this.call.gas.profile].map(([cost, gas]) => [cost, gas / (this.params.extCosts[cost] ?? 1)]),
    )
  }

  get burnt(): bigint {
    return BigInt(this.call.gas.burnt)
  }

  get used(): bigint {
    return BigInt(this.call.gas.used)
  }
}

export { U64_MAX }

const zeroed = <Value, Of extends object>(figures: Of, zero: Value): Of =>
  Object.fromEntries(Object.keys(figures).map((name) => [name, zero])) as Of
