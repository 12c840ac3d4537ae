import type { ProvenEvent } from '@dcml/light-client'
import { approvalBytes } from '../../contracts/model/src/approval.ts'
import { type Books, type Caller, NOTHING, type Payout } from '../../contracts/model/src/books.ts'
import { CHANNEL_STORAGE, type Channel, channelOf, openChannel, topUp } from '../../contracts/model/src/channel.ts'
import {
  type ApprovalFacts,
  expire,
  finish,
  judge,
  type Settlement,
  settle,
  startClose,
  witnessOf,
} from '../../contracts/model/src/closing.ts'
import { bookOwed, collect } from '../../contracts/model/src/owed.ts'
import * as hosts from '../../contracts/model/src/provider.ts'
import { checkRules, type PricePair, type Rules } from '../../contracts/model/src/terms.ts'
import { Broken } from './broken.ts'
import type { Flaws } from './flaws.ts'
import { ed25519Verify } from './keys.ts'
import { CHAIN, openedData, proven, startedData } from './proofs.ts'
import { MapRows, sum } from './rows.ts'

export const PERIOD_MS = 3_600_000
export const EXPIRY_MS = 12 * PERIOD_MS
export const CLOSE_FEE = 10n
export const OWNER = 'charlie.test'
const NS = 1_000_000n

/** Arguments of `close` and `answer_close`. */
export type Approved = ApprovalFacts & { readonly signature: Uint8Array }

/** How a channel ended; `spent` is null where no approval came in time. */
export interface Ended extends Settlement {
  readonly id: bigint
  readonly spent: bigint | null
}

type Methods = Record<string, (caller: Caller, args: never) => readonly Payout[] | undefined>

/**
 * The contract's own functions, each method by its name, over maps. In place of NEAR a bank and a clock; transfers
 * arrive, and other contracts answer, in the next block.
 */
export class Chain {
  readonly books = {
    totals: NOTHING,
    providers: new MapRows<hosts.Provider>(),
    sessions: new MapRows<boolean>(),
    channels: new MapRows<Channel>(),
    owed: new MapRows<bigint>(),
  } satisfies Books
  readonly wallets = new Map<string, bigint>()
  /** Accounts that are deleted just now: transfers to them come back. */
  readonly gone = new Set<string>()
  /** Since when the Proof of Response contract holds an account to be at fault, in nanoseconds. */
  readonly faults = new Map<string, bigint>()
  readonly events: ProvenEvent[] = []
  readonly ended: Ended[] = []
  /** How often each method went through. */
  readonly calls = new Map<string, number>()
  readonly rules: Rules = checkRules(BigInt(PERIOD_MS), BigInt(EXPIRY_MS), CLOSE_FEE)
  /** Of the contract's account, and on the way out of it. */
  balance = 0n
  inTransit = 0n
  /** Single yoctos of consent that owners and hosts attached; the contract keeps them. */
  consents = 0n
  nextChannel = 1n
  height = 1
  /** Milliseconds. */
  now = 1_800_000_000_000
  owner = { beneficiary: 'treasury.test', prices: { input: 2n, output: 5n } as PricePair, keyEpoch: 0 }
  readonly #flaws: Flaws
  #nextBlock: (() => void)[] = []

  constructor(flaws: Flaws) {
    this.#flaws = flaws
  }

  wallet = (account: string): bigint => this.wallets.get(account) ?? 0n
  time = (): bigint => BigInt(this.now) * NS
  channel = (id: bigint): Channel | null => this.books.channels.get(`${id}`)

  /** One transaction. Where the contract refuses, its deposit goes back and nothing has changed. */
  call(method: string, by: string, args: object = {}, attached = 0n): boolean {
    const before = this.picture()
    let payouts: readonly Payout[]
    try {
      const run = this.#methods[method] as Methods[string]
      payouts = run({ by, attached, now: this.time() }, args as never) ?? []
    } catch (error) {
      if (this.picture() !== before)
        throw new Broken(['funds conserved'], `a refusal of ${method} left traces: ${error}`)
      return false
    }
    this.wallets.set(by, this.wallet(by) - attached)
    this.balance += attached
    this.calls.set(method, (this.calls.get(method) ?? 0) + 1)
    this.#pay(payouts)
    return true
  }

  /** The next block: what was sent arrives. */
  block(): void {
    const arriving = this.#nextBlock
    this.#nextBlock = []
    this.height++
    for (const arrive of arriving) arrive()
  }

  #pay(payouts: readonly Payout[]): void {
    for (const payout of payouts) {
      this.balance -= payout.amount
      this.inTransit += payout.amount
      this.#nextBlock.push(() => {
        this.inTransit -= payout.amount
        if (!this.gone.has(payout.account))
          this.wallets.set(payout.account, this.wallet(payout.account) + payout.amount)
        else {
          this.balance += payout.amount
          if (!this.#flaws.has('a transfer that fails is forgotten')) bookOwed(this.books, payout)
        }
      })
    }
  }

  /** The books as text, to compare. */
  picture(): string {
    const { totals, ...tables } = this.books
    const rows = [totals, ...Object.values(tables).map((table) => [...table])]
    return JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? `${value}` : value))
  }

  readonly #methods: Methods = {
    register_provider: (by, offer: hosts.Offer) => void hosts.register(this.books, by, offer),
    update_provider: (by, offer: hosts.Offer) => void hosts.update(this.books, by, offer),
    deposit_collateral: (by) => void hosts.deposit(this.books, by),
    withdraw_collateral: (by, { amount }: { amount: bigint }) =>
      this.#consented(by, () => hosts.withdraw(this.books, by, amount).payouts),
    admit_session: (by, { sessionKey }: { sessionKey: string }) => void hosts.admit(this.books, by, sessionKey),
    dismiss_session: (by, { sessionKey }: { sessionKey: string }) => void hosts.dismiss(this.books, by, sessionKey),
    leave: (by) => this.#consented(by, () => hosts.leave(this.books, by)),
    set_prices: (by, { prices }: { prices: PricePair }) => this.#asOwner(by, { prices }),
    set_images: (by) => this.#asOwner(by, {}),
    set_key_epoch: (by, { keyEpoch }: { keyEpoch: number }) => this.#asOwner(by, { keyEpoch }),
    set_beneficiary: (by, { beneficiary }: { beneficiary: string }) => this.#asOwner(by, { beneficiary }),
    open_channel: (by, args: Parameters<typeof openChannel>[5]) => {
      const id = this.nextChannel
      const channel = openChannel(this.books, by, id, this.owner, this.rules, args, `seed of ${id}`)
      this.nextChannel += 1n
      this.#log('channel_opened', openedData(id, channel))
      return []
    },
    tell_channel: (_, { id }: { id: bigint }) => {
      const channel = channelOf(this.books, id)
      this.#log('channel_told', { ...openedData(id, channel), seed: channel.seed })
      return []
    },
    top_up: (by, { id }: { id: bigint }) => {
      const { deposited } = topUp(this.books, by, id, `seed of ${id} at ${by.now}`)
      this.#log('channel_topped_up', {
        channel_id: `${id}`,
        amount: `${by.attached}`,
        deposited: `${deposited}`,
      })
      return []
    },
    close: (by, approved: Approved) => this.#settle(by, approved, false),
    answer_close: (by, approved: Approved) => this.#settle(by, approved, true),
    start_close: (by, { id }: { id: bigint }) => this.#started(id, startClose(this.books, by, id, this.rules)),
    expire: (by, { id }: { id: bigint }) => {
      if (this.#flaws.has('only the payer may expire a channel') && by.by !== this.channel(id)?.payer)
        throw new Error('only the payer')
      return this.#started(id, expire(this.books, by, id, this.rules))
    },
    finish_close: (by, { id }: { id: bigint }) => {
      const early = this.#flaws.has('a forced closure can be finished at once') ? this.rules.challengePeriod : 0n
      return this.#forfeited(id, finish(this.books, { ...by, now: by.now + early }, id))
    },
    close_disconnected: (by, { id }: { id: bigint }) => this.#ask(by, id),
    close_invalid_response: (by, { id }: { id: bigint }) => this.#ask(by, id),
    collect_owed: (_, { account }: { account: string }) => [collect(this.books, account)],
  }

  readonly methods: readonly string[] = Object.keys(this.#methods)

  #consented(by: Caller, act: () => readonly Payout[]): readonly Payout[] {
    if (by.attached !== 1n) throw new Error('attach one yocto')
    const payouts = act()
    this.consents += 1n
    return payouts
  }

  #asOwner(by: Caller, change: Partial<Chain['owner']>): readonly Payout[] {
    if (by.by !== OWNER) throw new Error('only the owner')
    return this.#consented(by, () => {
      this.owner = { ...this.owner, ...change }
      return []
    })
  }

  #settle(by: Caller, approved: Approved, onlyForced: boolean): readonly Payout[] {
    const isGenuine = ({ sessionKey, challenge }: Channel): boolean => {
      const enclave = fromHex(sessionKey)
      const message = approvalBytes(CHAIN, enclave, fromHex(challenge), approved)
      return this.#flaws.has('approvals need no signature') || ed25519Verify(approved.signature, message, enclave)
    }
    const settlement = settle(this.#believing(approved), by, approved, isGenuine, onlyForced)
    const { channelId: id, spent } = approved
    this.ended.push({ ...settlement, id, spent })
    this.#log('channel_closed', {
      channel_id: `${id}`,
      spent: `${spent}`,
      to_payer: `${settlement.toPayer}`,
    })
    return settlement.payouts
  }

  /** The books; with the flaw, those in which every deposit is as high as an approval asks. */
  #believing({ channelId, spent }: Approved): Books {
    if (!this.#flaws.has('the deposit is not checked')) return this.books
    const { books } = this
    const get = (key: string): Channel | null => {
      const found = books.channels.get(key)
      return found && key === `${channelId}` && spent > found.deposited ? { ...found, deposited: spent } : found
    }
    const channels = { get, has: () => true, set: () => {}, remove: (key: string) => books.channels.remove(key) }
    return Object.create(books, { channels: { value: channels }, totals: descriptorOf(books) })
  }

  #started(id: bigint, channel: Channel): readonly Payout[] {
    this.#log('close_started', startedData(id, channel))
    return []
  }

  #forfeited(id: bigint, settlement: Settlement): readonly Payout[] {
    const done = this.#flaws.has('the lock of a silent host goes back to it') ? returned(settlement) : settlement
    this.ended.push({ ...done, id, spent: null })
    this.#log('channel_forfeited', { channel_id: `${id}`, to_payer: `${done.toPayer}` })
    return done.payouts
  }

  #ask(by: Caller, id: bigint): readonly Payout[] {
    const { provider } = witnessOf(this.books, by, id)
    this.#nextBlock.push(() => {
      const settlement = judge(this.books, id, this.faults.get(provider) ?? null)
      if ('payouts' in settlement) this.#pay(this.#forfeited(id, settlement))
    })
    return []
  }

  #log(event: string, data: object): void {
    const { height, events } = this
    events.push(proven(event, data, { index: events.length, height, timestamp: this.time() }))
  }

  /** What the totals must be, counted from the records. */
  counted(): Record<string, bigint> {
    const { providers, sessions, channels, owed } = this.books
    const open = [...channels.values()]
    return {
      deposited: sum(open.map(({ deposited }) => deposited)),
      collateral: sum([...providers.values()].map(({ free, locked }) => free + locked)),
      owed: sum(owed.values()),
      fees: sum(open.map(({ closing }) => closing?.fee ?? 0n)),
      storage:
        BigInt(providers.size) * hosts.PROVIDER_STORAGE +
        BigInt(sessions.size) * hosts.SESSION_STORAGE +
        BigInt(channels.size) * CHANNEL_STORAGE,
    }
  }
}

const returned = (settlement: Settlement): Settlement => {
  const { provider, beneficiary, deposited } = settlement.channel
  const payouts = settlement.payouts.map((payout) =>
    payout.account === beneficiary && payout.amount === deposited ? { ...payout, account: provider } : payout,
  )
  return { ...settlement, toOwner: 0n, toProvider: deposited, payouts }
}
const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

const descriptorOf = (books: Books): PropertyDescriptor => ({
  get: () => books.totals,
  set: (totals) => {
    books.totals = totals
  },
})
