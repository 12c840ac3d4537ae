import { checkMayChange } from './guard.ts'
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
  /** How many outcomes a callback on it gets. */
  readonly outcomes: number
  readonly #account: string | undefined

  constructor(index: bigint, outcomes: number, account?: string) {
    this.index = index
    this.outcomes = outcomes
    this.#account = account
  }

  /**
   * @throws Error for a call to the contract's own account: it would carry the rights of `@callback` and `@migrate`, and
   * the account may be a stranger's choice. Call the method itself, or use {@link then}.
   */
  call(method: string, args: Json, attached: Attached): Sent {
    if (this.#account === currentAccountId()) throw new Error('a contract cannot call itself as another')
    return act(this, method, args, attached)
  }

  transfer(amount: bigint): Sent {
    env.promise_batch_action_transfer(this.index, amount)
    return this
  }

  /**
   * Calls one of our own `@callback` methods when this promise is done, in success and in failure.
   * @throws Error unless the callback takes as many outcomes as there are promises, and gets 4 Tgas apart from `weight`
   */
  // biome-ignore lint/suspicious/noThenProperty: the word of near-sdk-js; nothing awaits in a contract
  then<A>(callback: Callback<A>, args: A, { gas, weight = 0n }: { gas: bigint; weight?: bigint }): Sent {
    const { name, input } = scheduled(callback, args, gas, this.outcomes)
    return act(new Sent(env.promise_batch_then(this.index, currentAccountId()), 1), name, input, { gas, weight })
  }

  /** One promise that is done when all are; a callback on it gets their results in this order. */
  and(...others: Sent[]): Sent {
    const all = [this, ...others]
    const outcomes = all.reduce((sum, one) => sum + one.outcomes, 0)
    return new Sent(env.promise_and(...all.map(({ index }) => index)), outcomes)
  }

  /** Called for a returned promise, as for near-sdk-js's NearPromise. */
  onReturn(): void {
    env.promise_return(this.index)
  }
}

function act(sent: Sent, method: string, args: Json, { gas, deposit = 0n, weight = 0n }: Attached): Sent {
  env.promise_batch_action_function_call_weight(sent.index, method, JSON.stringify(args), deposit, gas, weight)
  return sent
}

/** A batch of actions on another account. @throws Error in a view */
export function promise(account: string): Sent {
  checkMayChange()
  return new Sent(env.promise_batch_create(account), 1, account)
}
