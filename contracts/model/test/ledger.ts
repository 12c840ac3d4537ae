import { type Books, type Caller, NOTHING, type Payout, type Rows } from '../src/books.ts'
import { CHANNEL_STORAGE, type Channel, openChannel, topUp } from '../src/channel.ts'
import {
  type ApprovalFacts,
  expire,
  finish,
  judge,
  type Settlement,
  settle,
  split,
  startClose,
} from '../src/closing.ts'
import { bookOwed, collect } from '../src/owed.ts'
import * as providers from '../src/provider.ts'
import { checkRules, type PricePair } from '../src/terms.ts'

class MapRows<T> extends Map<string, T> implements Rows<T> {
  // biome-ignore lint/suspicious/noExplicitAny: a table has null where a map has undefined
  override get(key: string): any {
    return super.get(key) ?? null
  }
  remove(key: string): boolean {
    return this.delete(key)
  }
}

export const CLOSE_FEE = 10n
export const rules = checkRules(100n, 1000n, CLOSE_FEE)
export const MS = 1_000_000n

/** What the enclave delivered on a channel; once it signed, that is final. */
interface Delivered {
  promptTokens: bigint
  completionTokens: bigint
  final: boolean
}

/** How a channel ended, for the oracles. */
export interface Ended extends Settlement {
  readonly id: bigint
  readonly spent: bigint | null
  readonly ownerShare: bigint
}

/** The contract's functions with a bank in place of NEAR: every yocto is somewhere. */
export class Ledger {
  readonly books: Books & {
    providers: MapRows<providers.Provider>
    channels: MapRows<Channel>
    owed: MapRows<bigint>
    sessions: MapRows<boolean>
  } = {
    totals: NOTHING,
    providers: new MapRows(),
    sessions: new MapRows(),
    channels: new MapRows(),
    owed: new MapRows(),
  }
  readonly wallets = new Map<string, bigint>()
  /** Accounts that are deleted just now: transfers to them fail. */
  readonly gone = new Set<string>()
  readonly ended: Ended[] = []
  readonly delivered = new Map<bigint, Delivered>()
  balance = 0n
  now = 1n
  nextChannel = 1n
  ownerPrices: PricePair = { input: 2n, output: 7n }
  beneficiary = 'treasury'

  constructor(of?: Ledger) {
    if (!of) return
    this.books.totals = of.books.totals
    for (const name of ['providers', 'sessions', 'channels', 'owed'] as const)
      for (const [key, value] of of.books[name]) (this.books[name] as MapRows<unknown>).set(key, value)
    for (const [account, amount] of of.wallets) this.wallets.set(account, amount)
    for (const [id, delivered] of of.delivered) this.delivered.set(id, { ...delivered })
    this.ended.push(...of.ended)
    this.balance = of.balance
    this.now = of.now
    this.nextChannel = of.nextChannel
  }

  wallet = (account: string): bigint => this.wallets.get(account) ?? 0n

  /** Runs a method: its deposit comes in, its payouts go out; where it refuses, nothing has changed. */
  act(by: string, attached: bigint, method: (caller: Caller) => readonly Payout[] | undefined): boolean {
    const before = this.picture()
    let payouts: readonly Payout[] | undefined
    try {
      payouts = method({ by, attached, now: this.now })
    } catch (error) {
      if (this.picture() !== before) throw new Error(`a refusal left traces: ${error}`)
      return false
    }
    this.wallets.set(by, this.wallet(by) - attached)
    this.balance += attached
    for (const payout of payouts ?? []) {
      this.balance -= payout.amount
      if (this.gone.has(payout.account)) {
        this.balance += payout.amount
        bookOwed(this.books, payout)
      } else this.wallets.set(payout.account, this.wallet(payout.account) + payout.amount)
    }
    return true
  }

  picture(): string {
    const { totals, providers, sessions, channels, owed } = this.books
    const all = [totals, ...[providers, sessions, channels, owed].map((rows) => [...rows])]
    return JSON.stringify(all, (_, v) => (typeof v === 'bigint' ? `${v}` : v))
  }

  register = (by: string, attached: bigint, prices: PricePair) =>
    this.act(by, attached, (caller) => {
      providers.register(this.books, caller, { endpoint: '', prices, por: 'por' })
      return []
    })

  admit = (by: string, key: string) => this.act(by, 0n, (caller) => void providers.admit(this.books, caller, key))
  dismiss = (by: string, key: string) => this.act(by, 0n, (caller) => void providers.dismiss(this.books, caller, key))
  leave = (by: string) => this.act(by, 1n, (caller) => [...providers.leave(this.books, caller), this.change(caller)])
  deposit = (by: string, amount: bigint) => this.act(by, amount, (caller) => void providers.deposit(this.books, caller))
  withdraw = (by: string, amount: bigint) =>
    this.act(by, 1n, (caller) => [...providers.withdraw(this.books, caller, amount).payouts, this.change(caller)])

  /** One yocto of consent stays in the contract; here it goes back, so that sums stay plain. */
  private change = ({ by, attached }: Caller): Payout => ({ account: by, amount: attached })

  open(by: string, attached: bigint, provider: string, sessionKey: string): boolean {
    const most = { input: 10n ** 9n, output: 10n ** 9n }
    return this.act(by, attached, (caller) => {
      const id = this.nextChannel
      openChannel(
        this.books,
        caller,
        id,
        { beneficiary: this.beneficiary, prices: this.ownerPrices, keyEpoch: 0 },
        rules,
        { provider, challenge: `c${id}`, sessionKey, payerKey: '', maxOwnerPrices: most, maxProviderPrices: most },
        `s${id}`,
      )
      this.nextChannel = id + 1n
      this.delivered.set(id, { promptTokens: 0n, completionTokens: 0n, final: false })
      return []
    })
  }

  topUp = (by: string, id: bigint, amount: bigint) =>
    this.act(by, amount, (caller) => void topUp(this.books, caller, id, '77'.repeat(32)))

  /** The enclave delivers, never beyond the deposit, and never after it signed. */
  deliver(id: bigint, promptTokens: bigint, completionTokens: bigint): void {
    const channel: Channel | null = this.books.channels.get(`${id}`)
    const so = this.delivered.get(id)
    if (!channel || !so || so.final) return
    const next = {
      promptTokens: so.promptTokens + promptTokens,
      completionTokens: so.completionTokens + completionTokens,
    }
    const { owner, host } = split(channel.prices, { ...this.facts(id), ...next })
    if (owner + host <= channel.deposited) Object.assign(so, next)
  }

  /** What an honest enclave signs. */
  facts(id: bigint): ApprovalFacts {
    const { promptTokens, completionTokens } = this.delivered.get(id) ?? { promptTokens: 0n, completionTokens: 0n }
    const counts = { promptTokens, completionTokens }
    const channel: Channel | null = this.books.channels.get(`${id}`)
    const facts = { channelId: id, challenge: `c${id}`, ...counts, spent: 0n, counter: 0n }
    if (!channel) return facts
    const { owner, host } = split(channel.prices, facts)
    return { ...facts, spent: owner + host }
  }

  /** Closes with facts the enclave signed, or with others under its name, which it refuses unless it is broken. */
  close(by: string, facts: ApprovalFacts, isSigned: (channel: Channel) => boolean): boolean {
    return this.act(by, 0n, (caller) => {
      const settlement = settle(this.books, caller, facts, isSigned)
      this.note(facts.channelId, settlement, facts.spent)
      return settlement.payouts
    })
  }

  approve(by: string, id: bigint): boolean {
    const done = this.close(by, this.facts(id), () => true)
    const delivered = this.delivered.get(id)
    if (delivered && done) delivered.final = true
    return done
  }

  startClose = (by: string, id: bigint, fee = CLOSE_FEE) =>
    this.act(by, fee, (caller) => void startClose(this.books, caller, id, rules))
  expire = (by: string, id: bigint) => this.act(by, 0n, (caller) => void expire(this.books, caller, id, rules))

  finish = (by: string, id: bigint) =>
    this.act(by, 0n, (caller) => {
      const settlement = finish(this.books, caller, id)
      this.note(id, settlement, null)
      return settlement.payouts
    })

  judge = (id: bigint, at: bigint | null) =>
    this.act('por', 0n, () => {
      const verdict = judge(this.books, id, at)
      if ('denied' in verdict) return []
      this.note(id, verdict, null)
      return verdict.payouts
    })

  collect = (by: string, account: string) => this.act(by, 0n, () => [collect(this.books, account)])

  private note(id: bigint, settlement: Settlement, spent: bigint | null): void {
    const { promptTokens, completionTokens } = this.delivered.get(id) ?? { promptTokens: 0n, completionTokens: 0n }
    const { owner: ownerShare } = split(settlement.channel.prices, { promptTokens, completionTokens })
    this.ended.push({ ...settlement, id, spent, ownerShare })
  }

  /** What the books must say, counted from the records. */
  counted() {
    const { providers: hosts, sessions, channels, owed } = this.books
    const sum = (of: Iterable<bigint>) => [...of].reduce((total, one) => total + one, 0n)
    const open: Channel[] = [...channels.values()]
    return {
      deposited: sum(open.map(({ deposited }) => deposited)),
      collateral: sum([...hosts.values()].map(({ free, locked }) => free + locked)),
      owed: sum(owed.values()),
      fees: sum(open.map(({ closing }) => closing?.fee ?? 0n)),
      storage:
        BigInt(hosts.size) * providers.PROVIDER_STORAGE +
        BigInt(sessions.size) * providers.SESSION_STORAGE +
        BigInt(channels.size) * CHANNEL_STORAGE,
    }
  }
}
