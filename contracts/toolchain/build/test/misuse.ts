// Read by the type checker only: every mistake here has to be one, and every other line none.
import {
  accountId,
  call,
  callback,
  events,
  initialize,
  migrate,
  NearBindgen,
  type Outcome,
  promise,
  type Sent,
  text,
  tgas,
  u32,
  u128,
  type Value,
  view,
} from '../src/contract.ts'

const emit = events('misuse', '1.0.0', { paid: { amount: u128 } })

@NearBindgen({ state: { total: u128 } })
export class Right {
  total = 0n

  @initialize({ args: { total: u128 } })
  open({ total }: { total: bigint }): void {
    this.total = total
  }

  @view({ returns: u128 })
  sum(): bigint {
    return this.total
  }

  @call({ args: { to: accountId }, returns: text(9) })
  ask({ to }: { to: string }): Sent {
    return promise(to)
      .call('x', {}, { gas: tgas(1) })
      .then(this.asked, { to }, { gas: tgas(1) })
  }

  @callback({ results: [u32, text(9)], args: { to: accountId }, returns: text(9) })
  asked(_: { to: string }, one: Outcome<number>, two: Outcome<string>): string {
    return two.ok && one.ok ? two.value : ''
  }

  @migrate({ from: { count: u32 } })
  upgrade(_: object, { count }: { count: number }): void {
    this.total = BigInt(count)
  }
}

// @ts-expect-error: the state's field is missing in the class
@NearBindgen({ state: { total: u128 } })
export class WithoutField {}

// @ts-expect-error: a u128 is a bigint
@NearBindgen({ state: { total: u128 } })
export class WrongField {
  total = 0
}

export class Wrong {
  // @ts-expect-error: the argument is a bigint
  @call({ args: { amount: u128 } })
  pay({ amount }: { amount: number }): void {
    // @ts-expect-error: the event has no such field
    emit('paid', { amount: BigInt(amount), by: 'a.near' })
    // @ts-expect-error: there is no such event
    emit('payed', { amount: 1n })
  }

  // @ts-expect-error: an argument that no schema parses
  @call({ args: { amount: u128 } })
  extra({ amount, memo }: { amount: bigint; memo: string }): void {
    emit('paid', { amount: amount + BigInt(memo) })
  }

  // @ts-expect-error: a result needs a schema
  @view({})
  undeclared(): bigint {
    return 1n
  }

  // @ts-expect-error: the result is of another type
  @view({ returns: u128 })
  other(): string {
    return '1'
  }

  // @ts-expect-error: each outcome has the type of its schema
  @callback({ results: [u32] })
  answered(_: object, outcome: Outcome<string>): void {
    promise('a.near').then(right.asked, { to: 'b.near' }, { gas: 1n })
    // @ts-expect-error: the callback takes other arguments
    promise('a.near').then(right.asked, { two: 'b.near' }, { gas: 1n })
    // @ts-expect-error: a failed promise has no value
    outcome.value
  }
}

declare const right: Right
const amount: Value<typeof u128> = 1n
// @ts-expect-error: JSON has no bigint
promise('a.near').call('x', { amount }, { gas: 1n })
// @ts-expect-error: gas must be given
promise('a.near').call('x', {}, {})
