import type { LimitName, Params } from '../params/types.ts'
import type { WasmGlobal } from '../wasm/index.ts'
import { GasCounter } from './gas-counter.ts'
import { hostError } from './host-error.ts'
import type { CallMemory } from './memories.ts'
import { GuestMemory } from './memory.ts'
import { type Prices, pricesOf } from './prices.ts'
import { PromiseGraph } from './promises.ts'
import { Registers } from './registers.ts'
import type { ReturnData, VmContext, VmExternal } from './types.ts'

/** A length of `u64::MAX`, as the signed integer WebAssembly hands over: the pointer names a register. */
const REGISTER = -1n

/** An i64 as nearcore reads it, unsigned. Above 2^53 only its size matters, so a double will do. */
export function unsigned(value: bigint): number {
  const number = Number(value)
  return number < 0 ? number + 2 ** 64 : number
}

/** State of one running function call, and the charged access to memory and registers that host functions share. */
export class Call {
  readonly context: VmContext
  readonly external: VmExternal
  readonly limits: Readonly<Record<LimitName, number>>
  readonly flags: Params['flags']
  readonly prices: Prices
  readonly regularOpCost: number
  readonly gas: GasCounter
  readonly registers: Registers
  readonly promises: PromiseGraph
  readonly logs: string[] = []
  /** Bytes of all logs. */
  logLength = 0
  /** Deposit included, promised amounts taken off; yoctoNEAR. */
  balance: bigint
  /** yoctoNEAR given out without being taken off. */
  subsidized = 0n
  storageUsage: number
  returnData: ReturnData = { type: 'None' }
  #memory: GuestMemory | undefined
  #gasGlobal: WasmGlobal<bigint> | undefined

  constructor(context: VmContext, external: VmExternal, params: Params) {
    this.context = context
    this.external = external
    this.limits = params.limits
    this.flags = params.flags
    this.prices = pricesOf(params)
    this.regularOpCost = params.wasm.regularOpCost
    const maxBurnt = Number(context.view?.maxGasBurnt ?? params.limits.max_gas_burnt)
    this.gas = new GasCounter({ prepaid: context.view === null ? Number(context.prepaidGas) : maxBurnt, maxBurnt })
    this.registers = new Registers(params.limits)
    this.promises = new PromiseGraph(params.limits.max_promises_per_function_call_action)
    this.balance = context.accountBalance + context.attachedDeposit
    this.storageUsage = Number(context.storageUsage)
  }

  /** Connects the call to its instance. */
  attach(memory: CallMemory, gasGlobal: WasmGlobal<bigint>): void {
    this.#memory = new GuestMemory(memory)
    this.#gasGlobal = gasGlobal
  }

  /** Takes over what instructions burnt since {@link leave}. */
  enter(): void {
    const burnt = this.gas.remaining - Number(this.#gasGlobal!.value)
    if (burnt > 0) this.gas.burn(burnt)
  }

  /** Tells the contract's code what it may still burn. */
  leave(): void {
    this.#gasGlobal!.value = BigInt(this.gas.remaining)
  }

  /** Charges a cost once. @throws HostError when gas runs out; so do all that charge */
  pay(cost: string): void {
    this.gas.pay(cost, this.prices.ext[cost]!, 1)
  }

  payPer(cost: string, count: number): void {
    this.gas.pay(cost, this.prices.ext[cost]!, count)
  }

  /** @throws HostError `ProhibitedInView` */
  denyInView(name: string): void {
    if (this.context.view !== null) throw hostError('ProhibitedInView', { method_name: name })
  }

  /** A view of guest memory, valid until the contract runs again. @throws HostError `MemoryAccessViolation` */
  read(pointer: number, length: number): Uint8Array {
    this.pay('read_memory_base')
    this.payPer('read_memory_byte', length)
    return this.#memory!.read(pointer, length)
  }

  /** Memory, or a register where the length is `u64::MAX`. @throws HostError also `InvalidRegisterId` */
  readAny(pointer: bigint, length: bigint): Uint8Array {
    return length === REGISTER ? this.readRegister(pointer) : this.read(unsigned(pointer), unsigned(length))
  }

  /** {@link readAny}, copied: for what outlives the host function. */
  take(pointer: bigint, length: bigint): Uint8Array {
    return this.readAny(pointer, length).slice()
  }

  readRegister(register: bigint): Uint8Array {
    const value = this.registers.get(register)
    if (value === undefined) throw hostError('InvalidRegisterId', { register_id: BigInt.asUintN(64, register) })
    this.pay('read_register_base')
    this.payPer('read_register_byte', value.length)
    return value
  }

  readU128(pointer: bigint): bigint {
    const bytes = this.read(unsigned(pointer), 16)
    const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
    return (view.getBigUint64(8, true) << 64n) | view.getBigUint64(0, true)
  }

  write(pointer: bigint, value: Uint8Array): void {
    this.pay('write_memory_base')
    this.payPer('write_memory_byte', value.length)
    this.#memory!.write(unsigned(pointer), value)
  }

  writeU128(pointer: bigint, value: bigint): void {
    const bytes = new DataView(new ArrayBuffer(16))
    bytes.setBigUint64(0, BigInt.asUintN(64, value), true)
    bytes.setBigUint64(8, value >> 64n, true)
    this.write(pointer, new Uint8Array(bytes.buffer))
  }

  /** Keeps `value` itself: pass a copy of guest memory. @throws HostError `MemoryAccessViolation` past the limits */
  setRegister(register: bigint, value: Uint8Array): void {
    this.pay('write_register_base')
    this.payPer('write_register_byte', value.length)
    this.registers.set(register, value)
  }

  /** {@link setRegister} for what the receipt brought along and has paid by the byte. */
  setRegisterByReference(register: bigint, value: Uint8Array): void {
    this.pay('write_register_base')
    this.registers.set(register, value)
  }

  /** @throws HostError `BalanceExceeded` */
  spend(amount: bigint): void {
    if (amount > this.balance) throw hostError('BalanceExceeded')
    this.balance -= amount
  }

  /** {@link spend}, but an account without balance may attach one yocto, which is minted. */
  spendOrMint(amount: bigint): void {
    if (amount === 1n && this.balance === 0n && this.flags.one_yocto_on_promise) this.subsidized += 1n
    else this.spend(amount)
  }
}
