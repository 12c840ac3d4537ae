import { checkDeposit, checkFirstCall, checkOwnCall, type Deposit } from './guard.ts'
import { type Outcome, outcome } from './outcome.ts'
import type { Sent } from './promise.ts'
import { record } from './schema/composed.ts'
import { type AnySchema, type Fields, type Json, misfit, type Schema, type Values } from './schema/types.ts'
import { loadState } from './state.ts'

/** What the build reads of a method, for the ABI. */
export interface MethodSpec {
  readonly kind: 'view' | 'call' | 'callback' | 'initialize' | 'migrate'
  readonly args: Fields
  readonly returns?: AnySchema
  readonly deposit?: Deposit
  readonly results?: readonly (AnySchema | null)[]
  readonly byParent?: boolean
}

/** The methods of the contract class being decorated (there is one per bundle), for the class decorator. */
export const methods: Record<string, MethodSpec> = {}

/** A method marked with `@callback`, as a value: `promise.then(this.onPong, ...)`. */
export type Callback<A> = (args: A, ...outcomes: never[]) => unknown

type Method = (...args: never[]) => unknown
const callbacks = new Map<unknown, { name: string; args: Schema<unknown> }>()

/** Fits TypeScript's legacy decorators and the standard ones: contracts type-check under either. */
interface On<A extends unknown[], R> {
  <M extends (...args: A) => R>(target: object, key: string, descriptor: TypedPropertyDescriptor<M>): void
  (method: (...args: A) => R, context: ClassMethodDecoratorContext): void
}

// biome-ignore lint/suspicious/noConfusingVoidType: a method without `returns` may be declared void
type Answer<T> = [T] extends [never] ? void | Sent : T | Sent
type Outcomes<R extends readonly (AnySchema | null)[]> = {
  [K in keyof R]: R[K] extends Schema<infer T> ? Outcome<T> : Outcome<undefined>
}

/** A method that only reads. Callable without a transaction. */
export const view = <F extends Fields = Record<never, never>, T = never>(
  options: { args?: F; returns?: Schema<T> } = {},
): On<[Values<F>], Answer<T>> => decorator('view', options)

/** A method that changes state. Refuses any deposit unless `deposit` says what it takes. */
export const call = <F extends Fields = Record<never, never>, T = never>(
  options: { args?: F; returns?: Schema<T>; deposit?: Deposit } = {},
): On<[Values<F>], Answer<T>> => decorator('call', options)

/**
 * What runs after a promise of ours: only the contract itself can call it, and it gets one {@link Outcome} for each
 * promise, parsed by the schema at its place in `results` (`nothing` where only success matters).
 */
export const callback = <
  const R extends readonly (AnySchema | null)[],
  F extends Fields = Record<never, never>,
  T = never,
>(options: {
  results: R
  args?: F
  returns?: Schema<T>
}): On<[Values<F>, ...Outcomes<R>], Answer<T>> => decorator('callback', options)

/** Runs once, before everything else. Only the account itself may call it; with `byParent`, its parent too. */
export const initialize = <F extends Fields = Record<never, never>>(
  options: { args?: F; deposit?: Deposit; byParent?: boolean } = {},
): On<[Values<F>], void> => decorator('initialize', options)

/**
 * Turns the state an older version of the code left (`from`, its schema then) into today's. Only the account itself may
 * call it. Gets the old state, parsed, after its arguments.
 */
export const migrate = <S extends Fields, F extends Fields = Record<never, never>>(options: {
  from: S
  args?: F
}): On<[Values<F>, Values<S>], void> => decorator('migrate', options)

interface Options extends Omit<MethodSpec, 'kind' | 'args'> {
  readonly args?: Fields
  readonly from?: Fields
}

// biome-ignore lint/suspicious/noExplicitAny: each decorator above states the precise type
function decorator(kind: MethodSpec['kind'], options: Options): any {
  return (_target: object, name: string, descriptor: TypedPropertyDescriptor<Method>) => {
    const body = descriptor.value as (this: unknown, ...args: unknown[]) => unknown
    const { from, args: fields = {}, ...rest } = options
    const spec: MethodSpec = { kind, args: fields, ...rest }
    const args = record(fields)
    const old = from && record(from)
    const { returns, deposit, results } = spec
    const method = function (this: unknown, input: unknown): unknown {
      if (kind === 'initialize') checkFirstCall(spec.byParent === true)
      if (kind === 'callback' || kind === 'migrate') checkOwnCall()
      if (kind !== 'view') checkDeposit(deposit)
      const more: unknown[] = results ? outcomes(results) : old ? [oldState(old)] : []
      const result = body.call(this, args.parse(input), ...more)
      if (result === undefined && !returns) return undefined
      if (typeof (result as Sent | undefined)?.onReturn === 'function') return result
      if (!returns) throw new Error(`${name} returns a value but declares none`)
      return returns.format(result)
    }
    methods[name] = spec
    if (kind === 'callback') callbacks.set(method, { name, args })
    descriptor.value = method
  }
}

function outcomes(results: readonly (AnySchema | null)[]): Outcome<unknown>[] {
  if (env.promise_results_count() !== BigInt(results.length)) throw new Error('another number of promise results')
  return results.map((schema, at) => outcome(at, schema))
}

function oldState(schema: Schema<unknown>): unknown {
  return loadState(schema) ?? misfit('a state to migrate')
}

/** A callback's exported name and its arguments in the form it will parse. @throws Error for a method that is none */
export function scheduled<A>(callback: Callback<A>, args: A): { name: string; input: Json } {
  const found = callbacks.get(callback)
  if (!found) throw new Error('not a method marked with @callback')
  return { name: found.name, input: found.args.format(args) }
}
