import type { Deposit } from './guard.ts'
import type { Outcome } from './outcome.ts'
import type { Sent } from './promise.ts'
import { record } from './schema/composed.ts'
import type { AnySchema, Fields, Json, Schema, Values } from './schema/types.ts'

/** What the build reads of a method, for the ABI. */
export interface MethodSpec {
  readonly kind: 'view' | 'call' | 'callback' | 'initialize' | 'migrate'
  readonly args: Fields
  readonly returns?: AnySchema
  readonly deposit?: Deposit
  readonly results?: readonly (AnySchema | null)[]
  readonly byParent?: boolean
}

/** A method as its decorator left it. */
export interface Method {
  readonly name: string
  readonly spec: MethodSpec
  readonly body: (this: unknown, ...args: unknown[]) => unknown
  readonly args: Schema<unknown>
  /** For a migration: the state before. */
  readonly old: Schema<unknown> | undefined
}

/** The methods of the contract class (there is one per bundle) by name, filled before its own decorator runs. */
export const methods = new Map<string, Method>()

/** A method marked with `@callback`, as a value: `promise.then(this.onPong, ...)`. */
export type Callback<A> = (args: A, ...outcomes: never[]) => unknown

const callbacks = new Map<unknown, Method>()

/** 4 Tgas: loading, a hostile answer, one write of state. */
const LEAST_CALLBACK_GAS = 4_000_000_000_000n

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
): On<[Values<NoInfer<F>>], Answer<NoInfer<T>>> => decorator('view', options)

/** A method that changes state. Refuses any deposit unless `deposit` says what it takes. */
export const call = <F extends Fields = Record<never, never>, T = never>(
  options: { args?: F; returns?: Schema<T>; deposit?: Deposit } = {},
): On<[Values<NoInfer<F>>], Answer<NoInfer<T>>> => decorator('call', options)

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
}): On<[Values<NoInfer<F>>, ...Outcomes<R>], Answer<NoInfer<T>>> => decorator('callback', options)

/** Runs once, before everything else. Only the account itself may call it; with `byParent`, its parent too. */
export const initialize = <F extends Fields = Record<never, never>>(
  options: { args?: F; deposit?: Deposit; byParent?: boolean } = {},
): On<[Values<NoInfer<F>>], void> => decorator('initialize', options)

/**
 * Turns the state an older version of the code left (`from`, its schema then) into today's. Only the account itself may
 * call it. Gets the old state, parsed, after its arguments.
 */
export const migrate = <S extends Fields, F extends Fields = Record<never, never>>(options: {
  from: S
  args?: F
}): On<[Values<NoInfer<F>>, Values<NoInfer<S>>], void> => decorator('migrate', options)

interface Options extends Omit<MethodSpec, 'kind' | 'args'> {
  readonly args?: Fields
  readonly from?: Fields
}

// biome-ignore lint/suspicious/noExplicitAny: each decorator above states the precise type
function decorator(kind: MethodSpec['kind'], { from, args = {}, ...rest }: Options): any {
  return (_target: object, name: string, { value: body }: { value: Method['body'] }) => {
    const method: Method = { name, spec: { kind, args, ...rest }, body, args: record(args), old: from && record(from) }
    if (methods.has(name)) throw new Error(`two methods are named ${name}`)
    methods.set(name, method)
    if (kind === 'callback') callbacks.set(body, method)
  }
}

/**
 * A callback's exported name and its arguments in the form it will parse. A callback that cannot run leaves money where
 * it is, so what can be known is checked while the call can still fail as a whole.
 * @throws Error for a method that is none, that takes another number of outcomes, or with too little gas of its own
 */
export function scheduled<A>(
  callback: Callback<A>,
  args: A,
  gas: bigint,
  outcomes: number,
): { name: string; input: Json } {
  const found = callbacks.get(callback)
  if (!found) throw new Error('not a method marked with @callback')
  if (found.spec.results?.length !== outcomes)
    throw new Error(`${found.name} does not take ${outcomes} outcomes, as many as there are promises`)
  // weight gives what the caller's gas leaves over, and the caller may want it to be nothing
  if (gas < LEAST_CALLBACK_GAS) throw new Error(`${found.name} needs 4 Tgas or more, apart from weight`)
  return { name: found.name, input: found.args.format(args) }
}
