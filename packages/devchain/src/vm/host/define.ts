import type { Call } from '../call.ts'

type Integer = 'i32' | 'i64'

/** A function contracts may import from `env`. */
export interface HostFunction {
  readonly params: readonly Integer[]
  readonly result: Integer | null
  /** Configuration flag without which the function does not exist. */
  readonly flag: string | null
  readonly run: (call: Call, ...args: never[]) => unknown
}

export type HostTable = Readonly<Record<string, HostFunction>>

type Run<Result> = (call: Call, ...args: bigint[]) => Result

const define = (run: HostFunction['run'], param: Integer, result: Integer | null): HostFunction => ({
  params: Array<Integer>(run.length - 1).fill(param), // the first parameter is the call
  result,
  flag: null,
  run,
})

/** Takes u64s, returns nothing. */
export const procedure = (run: Run<void>): HostFunction => define(run, 'i64', null)

/** Takes u64s, returns a u64. */
export const u64 = (run: Run<bigint | number>): HostFunction => define(run, 'i64', 'i64')

/** Takes u64s, returns a u32. */
export const u32 = (run: Run<number>): HostFunction => define(run, 'i64', 'i32')

/** Takes u32s, which arrive signed, and returns nothing. */
export const procedureOfU32 = (run: (call: Call, ...args: number[]) => void): HostFunction => define(run, 'i32', null)

/** Exists only where the configuration has `flag`. */
export const gated = (flag: string, host: HostFunction): HostFunction => ({ ...host, flag })
