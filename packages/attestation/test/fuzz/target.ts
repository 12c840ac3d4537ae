import { DcmlError } from '@dcml/protocol'
import { Refusal } from '../../src/x509/der.ts'

/** One parser, what is fed to it, and what it promises about anything that is fed to it. */
export interface Target {
  readonly name: string
  /** What its inputs are made of, and so how they are bent: `json` and `text` are UTF-8. */
  readonly form: 'bytes' | 'der' | 'json' | 'text'
  /** Inputs that it accepts. */
  readonly seeds: readonly Uint8Array[]
  /** Longest input that it, or whoever calls it, lets through, in bytes. */
  readonly longest: number
  /** Most that any input makes it allocate, in MiB. */
  readonly memory: number
  /** How it refuses: codes of `DcmlError`, or `Refusal`. Empty where it gives a verdict and throws nothing. */
  readonly refusals: readonly string[]
  /** How many inputs it gets, beside the others. Default: 1. */
  readonly share?: number
  /** Inputs made to cost much, beside those that its form suggests. */
  readonly bombs?: readonly (() => Uint8Array)[]
  parse(input: Uint8Array): unknown
}

/** What an error calls itself in `refusals`. */
export function refusalOf(error: unknown): string {
  if (error instanceof Refusal) return 'Refusal'
  if (DcmlError.isInstance(error)) return error.code
  return error instanceof Error ? `${error.name}: ${error.message}` : `thrown: ${String(error)}`
}
