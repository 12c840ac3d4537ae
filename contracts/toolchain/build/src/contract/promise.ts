import { currentAccountId } from './host.ts'
import { type Callback, scheduled } from './method.ts'
import type { Json } from './schema/types.ts'

/** 10^12 gas. */
export const tgas = (n: number): bigint => BigInt(n) * 10n ** 12n

/** How much goes along with a call. Leftover gas is shared by `weight`. */
export interface Attached {
  readonly gas: bigint
  readonly deposit?: bigint
  readonly weight?: bigint
}

/**
 * A receipt this call will send. It is scheduled at once, returned or not; returning it makes its outcome the outcome
 * of the call. Several actions on one promise form one batch: all happen or none.
 */
export class Sent {
  readonly index: bigint

  constructor(index: bigint) {
    this.index = index
  }

  call(method: string, args: Json, { gas, deposit = 0n, weight = 0n }: Attached): Sent {
    const { index } = this
    env.promise_batch_action_function_call_weight(index, method, JSON.stringify(args), deposit, gas, weight)
    return this
  }

  transfer(amount: bigint): Sent {
    env.promise_batch_action_transfer(this.index, amount)
    return this
  }

  /** Calls one of our own `@callback` methods when this promise is done, in success and in failure. */
  // biome-ignore lint/suspicious/noThenProperty: the word of near-sdk-js; nothing awaits in a contract
  then<A>(callback: Callback<A>, args: A, { gas, weight = 0n }: { gas: bigint; weight?: bigint }): Sent {
    const { name, input } = scheduled(callback, args)
    return new Sent(env.promise_batch_then(this.index, currentAccountId())).call(name, input, { gas, weight })
  }

  /** One promise that is done when all are; a callback on it gets their results in this order. */
  and(...others: Sent[]): Sent {
    return new Sent(env.promise_and(this.index, ...others.map((other) => other.index)))
  }

  /** Called for a returned promise, as for near-sdk-js's NearPromise. */
  onReturn(): void {
    env.promise_return(this.index)
  }
}

/** A batch of actions on another account. */
export const promise = (account: string): Sent => new Sent(env.promise_batch_create(account))
