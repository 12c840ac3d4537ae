import { checkMayChange } from './guard.ts'
import { type Callback, scheduled } from './method.ts'
import { Sent } from './promise.ts'

const U64_MAX = 2n ** 64n - 1n

/**
 * Suspends: `callback` runs when {@link resume} is called with the id, or fails after 200 blocks.
 * Its one result is the payload of the resume, or a failure on time-out.
 */
export function suspend<A>(callback: Callback<A>, args: A, gas: bigint): { promise: Sent; dataId: Uint8Array } {
  checkMayChange()
  const { name, input } = scheduled(callback, args, gas, 1)
  const index = env.promise_yield_create(name, JSON.stringify(input), gas, 0n, 0)
  return { promise: new Sent(index, 1), dataId: env.read_register(0) as Uint8Array }
}

/**
 * The same under a 32-byte id of our own (protocol 85), or null while that id is pending. Derive the id from something
 * a stranger cannot take first: a counter in state, never a caller's argument alone.
 */
export function suspendAs<A>(id: Uint8Array, callback: Callback<A>, args: A, gas: bigint): Sent | null {
  checkMayChange()
  const { name, input } = scheduled(callback, args, gas, 1)
  const index = env.promise_yield_create_with_id(name, JSON.stringify(input), 0n, gas, 0n, id)
  return index === U64_MAX ? null : new Sent(index, 1)
}

/** Wakes a suspended promise with a JSON payload of at most 1,024 bytes; false if none waits under this id. */
export function resume(dataId: Uint8Array, payload: string): boolean {
  checkMayChange()
  return env.promise_yield_resume(dataId, payload) === 1n
}

/** The same for an id given to {@link suspendAs}. */
export function resumeAs(id: Uint8Array, payload: string): boolean {
  checkMayChange()
  return env.promise_yield_resume_with_yield_id(id, payload) === 1n
}
