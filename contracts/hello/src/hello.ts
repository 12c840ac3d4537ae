import {
  accountId,
  attachedDeposit,
  call,
  callback,
  currentAccountId,
  events,
  initialize,
  NearBindgen,
  type Outcome,
  oneYocto,
  optional,
  predecessorAccountId,
  promise,
  record,
  type Sent,
  table,
  text,
  tgas,
  u32,
  u128,
  view,
} from '@dcml/contract-build/contract'
import { earn, hold, type Purse, release, settle, withoutEarnings } from './purse.ts'

const greeting = text(280)
const greetings = table('greeting', greeting)

/** 0.01 NEAR: pays for 1,000 bytes of storage, more than one greeting takes. */
const fee = { atLeast: 10n ** 22n }

const emit = events('dcml_hello', '1.0.0', {
  opened: { owner: accountId },
  greeted: { by: accountId, text: greeting, paid: u128 },
  asked: { by: accountId, other: accountId, paid: u128 },
  answered: { by: accountId, other: accountId, text: greeting },
  refunded: { by: accountId, other: accountId, amount: u128 },
  withdrawn: { to: accountId, amount: u128 },
})

const state = { owner: accountId, count: u32, purse: record({ kept: u128, held: u128 }) }

@NearBindgen({ state })
export class Hello {
  owner = ''
  count = 0
  purse: Purse = { kept: 0n, held: 0n }

  @initialize({ args: { owner: accountId } })
  open({ owner }: { owner: string }): void {
    this.owner = owner
    emit('opened', { owner })
  }

  /** Leaves a greeting, or replaces one's last; costs 0.01 NEAR or more. Returns how many were left so far. */
  @call({ args: { text: greeting }, returns: u32, deposit: fee })
  greet({ text }: { text: string }): number {
    const by = predecessorAccountId()
    const paid = attachedDeposit()
    greetings.set(by, text)
    this.purse = earn(this.purse, paid)
    this.count += 1
    emit('greeted', { by, text, paid })
    return this.count
  }

  /** What an account last said, or null. */
  @view({ args: { account: accountId }, returns: optional(greeting) })
  greeting_of({ account }: { account: string }): string | null {
    return greetings.get(account)
  }

  @view({ returns: u32 })
  count_greetings(): number {
    return this.count
  }

  /** Asks another contract of this kind what it says about us; the payment comes back if it has no answer. */
  @call({ args: { other: accountId }, returns: optional(greeting), deposit: fee })
  ask({ other }: { other: string }): Sent {
    const by = predecessorAccountId()
    const paid = attachedDeposit()
    this.purse = hold(this.purse, paid)
    emit('asked', { by, other, paid })
    return promise(other)
      .call('greeting_of', { account: currentAccountId() }, { gas: tgas(10) })
      .then(this.answer, { by, other, paid }, { gas: tgas(10) })
  }

  @callback({ results: [greeting], args: { by: accountId, other: accountId, paid: u128 }, returns: optional(greeting) })
  answer({ by, other, paid }: { by: string; other: string; paid: bigint }, said: Outcome<string>): string | null {
    if (said.ok) {
      this.purse = settle(this.purse, paid)
      emit('answered', { by, other, text: said.value })
      return said.value
    }
    this.purse = release(this.purse, paid)
    promise(by).transfer(paid)
    emit('refunded', { by, other, amount: paid })
    return null
  }

  /** Pays what was earned to the owner. Needs the owner's full-access key. */
  @call({ returns: u128, deposit: oneYocto })
  withdraw(): bigint {
    if (predecessorAccountId() !== this.owner) throw new Error('only the owner may withdraw')
    const paid = this.purse.kept
    this.purse = withoutEarnings(this.purse)
    promise(this.owner).transfer(paid)
    emit('withdrawn', { to: this.owner, amount: paid })
    return paid
  }
}
