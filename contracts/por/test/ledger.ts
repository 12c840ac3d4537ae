import { type Books, type Caller, NOTHING, type Payout, type Rows } from '../src/books.ts'
import * as edges from '../src/edge.ts'
import * as ending from '../src/ending.ts'
import { claim, type Released, release } from '../src/escrow.ts'
import { type Isolated, reconnect } from '../src/isolation.ts'
import * as nodes from '../src/node.ts'
import { bookOwed, collect } from '../src/owed.ts'
import { type Certificate, reportPartition } from '../src/partition.ts'
import * as proofs from '../src/proof.ts'
import type { Rules } from '../src/rules.ts'
import { update } from '../src/terms.ts'

class MapRows<T> extends Map<string, T> implements Rows<T> {
  // biome-ignore lint/suspicious/noExplicitAny: a table has null where a map has undefined
  override get(key: string): any {
    return super.get(key) ?? null
  }
  remove(key: string): boolean {
    return this.delete(key)
  }
}

/** Small numbers, so that limits are met often. Times in nanoseconds. */
export const RULES: Rules = {
  treasury: 'treasury',
  minStake: 100n,
  penalty: 10n,
  slash: 1_000n,
  bounty: 2n,
  activation: 10n,
  notice: 20n,
  challenge: 50n,
  window: 200n,
}

export const PARAMS = {
  latency: 1,
  baseCost: 1n,
  byteCost: 0n,
  minLateRate: 0n,
  maxLateRate: 1n,
  sync: 1,
  maxInflight: 1,
  bytesPerSecond: 0,
}

const TABLES = ['nodes', 'gone', 'keys', 'seats', 'links', 'edges', 'terms', 'escrows', 'proofs', 'marks', 'owed']
const COUNTS = ['totals', 'nextEdge', 'nextSeat', 'nextProof', 'version'] as const
type Kept = { -readonly [K in keyof Books]: Books[K] extends Rows<infer T> ? MapRows<T> : Books[K] }

const fresh = (): Kept =>
  ({
    rules: RULES,
    totals: NOTHING,
    nextEdge: 1n,
    nextSeat: 0,
    nextProof: 1n,
    version: 0n,
    ...Object.fromEntries(TABLES.map((name) => [name, new MapRows()])),
  }) as Kept

/** The contract's functions with a bank in place of NEAR: every yocto is somewhere. */
export class Ledger {
  books = fresh()
  readonly wallets = new Map<string, bigint>()
  /** Accounts that are deleted just now: transfers to them fail. */
  readonly gone = new Set<string>()
  readonly settled: ending.Settled[] = []
  readonly released: (Released & { readonly by: 'claim' | 'release' })[] = []
  /** Who was declared cut off, and when. */
  readonly declared: { readonly account: string; readonly at: bigint }[] = []
  balance = 0n
  now = 1n
  height = 1n

  wallet = (account: string): bigint => this.wallets.get(account) ?? 0n

  picture(): string {
    const { books } = this
    const all = [
      ...COUNTS.map((name) => books[name]),
      ...TABLES.map((name) => [...(books[name as keyof Kept] as unknown as MapRows<unknown>)].sort()),
    ]
    return JSON.stringify(all, (_, v) => (typeof v === 'bigint' ? `${v}` : v))
  }

  /**
   * Runs a method: its deposit comes in, its payouts go out; where it refuses, NEAR undoes all.
   * @returns why it refused, or null
   */
  act(by: string, attached: bigint, method: (books: Kept, caller: Caller) => readonly Payout[] | undefined) {
    const before = this.books
    const copies = TABLES.map((name) => [name, new MapRows(before[name as keyof Kept] as never)])
    this.books = { ...before, ...Object.fromEntries(copies) }
    let payouts: readonly Payout[]
    try {
      payouts = method(this.books, { by, attached, now: this.now, height: this.height }) ?? []
    } catch (error) {
      this.books = before
      return (error as Error).message
    }
    this.wallets.set(by, this.wallet(by) - attached)
    this.balance += attached
    for (const payout of payouts) this.send(payout)
    return null
  }

  private send(payout: Payout): void {
    if (this.gone.has(payout.account)) bookOwed(this.books, payout)
    else {
      this.balance -= payout.amount
      this.wallets.set(payout.account, this.wallet(payout.account) + payout.amount)
    }
  }

  register = (by: string, stake: bigint, key = by) =>
    this.act(by, stake + nodes.NODE_STORAGE, (books, caller) => void nodes.register(books, caller, key, ''))
  addStake = (by: string, amount: bigint) => this.act(by, amount, (books, caller) => void nodes.addStake(books, caller))
  withdraw = (by: string) => this.act(by, 0n, (books, caller) => nodes.withdraw(books, caller).payouts)

  open = (by: string, peer: string, deposit: bigint) =>
    this.act(
      by,
      deposit + edges.openingCost(this.books),
      (books, caller) => void edges.open(books, caller, peer, PARAMS),
    )
  confirm = (by: string, id: bigint, deposit: bigint) =>
    this.act(by, deposit + edges.confirmingCost(this.books), (books, caller) => void edges.confirm(books, caller, id))
  cancel = (by: string, id: bigint) => this.act(by, 0n, (books, caller) => edges.cancel(books, caller, id).payouts)
  deposit = (by: string, id: bigint, amount: bigint) =>
    this.act(by, amount, (books, caller) => void edges.deposit(books, caller, id))
  startClose = (by: string, id: bigint) =>
    this.act(by, 0n, (books, caller) => void ending.startClose(books, caller, id))

  update = (by: string, id: bigint, revision: number, genuine = true) =>
    this.act(by, 0n, (books, { height }) => {
      const change = { edgeId: id, revision, params: PARAMS, effectiveFrom: height + 20n }
      update(books, height, change, () => genuine)
      return []
    })
  sever = (by: string, id: bigint, end: string, genuine = true) =>
    this.act(by, 0n, (books, caller) => ending.sever(books, caller, id, end, () => genuine)?.payouts)
  voucher = (by: string, id: bigint, payer: string, seq: bigint, total: bigint, genuine = true) =>
    this.act(by, 0n, (books) => void ending.submitVoucher(books, id, { payer, seq, total }, () => genuine))
  cooperate = (by: string, id: bigint, balanceU: bigint, balanceV: bigint, genuine = true) =>
    this.act(by, 0n, (books, caller) => {
      const offer = { balanceU, balanceV, notBefore: 0n }
      const done = ending.cooperativeClose(books, caller, id, offer, () => genuine)
      this.settled.push(done)
      return done.payouts
    })
  settle = (by: string, id: bigint) =>
    this.act(by, 0n, (books, caller) => {
      const done = ending.settle(books, caller, id)
      this.settled.push(done)
      return done.payouts
    })
  claim = (by: string, id: bigint) => this.act(by, 0n, (books) => this.note(claim(books, id), 'claim'))
  release = (by: string, id: bigint) =>
    this.act(by, 0n, (books, caller) => this.note(release(books, caller, id), 'release'))
  reconnect = (by: string, account: string, path: readonly bigint[]) =>
    this.act(by, 0n, (books, { now }) => void reconnect(books, now, account, path))
  collect = (by: string, account: string) => this.act(by, 0n, (books) => [collect(books, account)])

  report(certificate: Certificate): readonly Isolated[] | string {
    let isolated: Isolated[] = []
    const refused = this.act('reporter', 0n, (books, { now }) => {
      isolated = reportPartition(books, now, certificate)
      return []
    })
    return refused ?? this.declare(isolated)
  }

  private declare(isolated: readonly Isolated[]): readonly Isolated[] {
    for (const { account, node } of isolated) this.declared.push({ account, at: node.isolated?.at as bigint })
    return isolated
  }

  startProof = (by: string, room: bigint) =>
    this.act(by, proofs.PROOF_STORAGE + room * proofs.MARK_STORAGE, (books, caller) => void proofs.start(books, caller))
  collectProof = (by: string, id: bigint, certificate: Certificate) =>
    this.act(by, 0n, (books, caller) => void proofs.collect(books, caller, id, certificate))
  checkProof = (by: string, id: bigint, chunk: Omit<Certificate, 'tree'>) =>
    this.act(by, 0n, (books, caller) => void proofs.check(books, caller, id, chunk))
  finishProof = (by: string, id: bigint, cut: readonly string[]) =>
    this.act(by, 0n, (books, caller) => {
      const { isolated, payouts } = proofs.finish(books, caller, id, cut)
      this.declare(isolated)
      return payouts
    })
  dropProof = (by: string, id: bigint, accounts: readonly string[]) =>
    this.act(by, 0n, (books, caller) => proofs.drop(books, caller, id, accounts))

  private note(done: Released, by: 'claim' | 'release'): readonly Payout[] {
    this.released.push({ ...done, by })
    return done.payouts
  }

  /** What the books must say, counted from the records. */
  counted(): Omit<Books['totals'], 'treasury'> {
    const { books } = this
    const sum = (of: Iterable<bigint>) => [...of].reduce((total, one) => total + one, 0n)
    const all: edges.Edge[] = [...books.edges.values()]
    const pending = all.filter(({ status }) => status === 'pending').length
    const live = all.filter(({ status }) => status === 'active' || status === 'closing').length
    const links = [...books.nodes.keys()].flatMap((account) => books.links.get(account)?.split(',') ?? []).length
    const kept: proofs.Proof[] = [...books.proofs.values()]
    return {
      stakes: sum([...books.nodes.values()].map(({ stake }: nodes.Node) => stake)),
      deposits: sum(all.map(({ depositU, depositV }) => depositU + depositV)),
      bonds: RULES.penalty * BigInt(pending + 2 * live + books.escrows.size),
      escrow: (RULES.penalty - RULES.bounty) * BigInt(books.escrows.size),
      owed: sum(books.owed.values()),
      storage:
        BigInt(books.nodes.size) * nodes.NODE_STORAGE +
        BigInt(books.gone.size) * nodes.GONE_STORAGE +
        BigInt(books.edges.size) * edges.EDGE_STORAGE +
        BigInt(links) * edges.LINK_STORAGE +
        sum(kept.map(({ room }) => proofs.PROOF_STORAGE + BigInt(room) * proofs.MARK_STORAGE)),
    }
  }
}
