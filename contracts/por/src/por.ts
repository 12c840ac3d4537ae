import {
  accountId,
  blockHeight,
  call,
  callback,
  flag,
  initialize,
  NearBindgen,
  nothing,
  type Outcome,
  optional,
  text,
  u32,
  u64,
  u128,
  type Value,
  type Values,
  view,
} from '@dcml/contract-build/contract'
import * as acts from './acts.ts'
import { NOTHING, type Payout, type Totals } from './books.ts'
import * as edges from './edge.ts'
import * as ending from './ending.ts'
import { claim, release } from './escrow.ts'
import { emit } from './events.ts'
import { isolationOf, reconnect } from './isolation.ts'
import { linksOf } from './links.ts'
import * as nodes from './node.ts'
import { collect } from './owed.ts'
import { reportPartition } from './partition.ts'
import * as proofs from './proof.ts'
import { checkRules, type Rules, tellRules } from './rules.ts'
import * as schema from './schemas.ts'
import { booksOf, caller } from './tables.ts'
import { termsOf, update } from './terms.ts'
import * as views from './views.ts'

const edgeId = { edge_id: u64 }
interface EdgeId {
  edge_id: bigint
}
interface Account {
  account: string
}

const state = {
  laws: schema.rules,
  held: schema.totals,
  nextEdge: u64,
  nextSeat: u32,
  nextProof: u64,
  graphVersion: u64,
}

/** The nodes and edges of a Proof of Response network, what is at stake on them, and who is cut off. */
@NearBindgen({ state })
export class Por {
  laws: Rules = {
    treasury: '',
    minStake: 0n,
    penalty: 0n,
    slash: 0n,
    bounty: 0n,
    activation: 0n,
    notice: 0n,
    challenge: 0n,
    window: 0n,
  }
  held: Totals = NOTHING
  nextEdge = 1n
  nextSeat = 0
  nextProof = 1n
  graphVersion = 0n

  @initialize({ args: { rules: schema.rulesGiven }, byParent: true })
  open({ rules }: { rules: Value<typeof schema.rulesGiven> }): void {
    this.laws = checkRules(rules)
    emit('opened', { treasury: rules.treasury })
  }

  /** The caller becomes a node under this key. What is attached beyond 0.01 NEAR of storage is its stake. */
  @call({ args: { key: schema.key, endpoint: text(100) }, deposit: 'any' })
  register_node({ key, endpoint }: { key: string; endpoint: string }): void {
    const by = caller()
    const node = nodes.register(booksOf(this), by, key, endpoint)
    emit('node_changed', { cause: 'registered', node: views.tellNode(by.by, node) })
  }

  @call({ args: { endpoint: text(100) } })
  update_node({ endpoint }: { endpoint: string }): void {
    const by = caller()
    const node = nodes.update(booksOf(this), by, endpoint)
    emit('node_changed', { cause: 'updated', node: views.tellNode(by.by, node) })
  }

  @call({ deposit: 'any' })
  add_stake(): void {
    const by = caller()
    const node = nodes.addStake(booksOf(this), by)
    emit('node_changed', { cause: 'staked', node: views.tellNode(by.by, node) })
  }

  /** Ends the caller's registration and returns its stake, once it has no edge and no penalty is held. */
  @call()
  withdraw_stake(): void {
    const by = caller()
    const { gone, payouts } = nodes.withdraw(booksOf(this), by)
    emit('node_gone', { account: by.by, since: gone.since })
    acts.pay(this, payouts)
  }

  /** Offers an edge; what is attached beyond bond and 0.022 NEAR of storage is the caller's deposit. Returns its id. */
  @call({ args: { peer: accountId, params: schema.params }, returns: u64, deposit: 'any' })
  open_edge({ peer, params }: { peer: string; params: Value<typeof schema.params> }): bigint {
    const { height, ...by } = caller()
    const books = booksOf(this)
    const { id, edge } = edges.open(books, { height, ...by }, peer, views.paramsOf(params))
    acts.edgeChanged(id, edge, termsOf(books, id, height), 'opened')
    return id
  }

  /** Confirms an offer of exactly these terms; what is attached beyond bond and 0.004 NEAR is the caller's deposit. */
  @call({ args: { ...edgeId, params_hash: schema.key }, deposit: 'any' })
  confirm_edge({ edge_id, params_hash }: EdgeId & { params_hash: string }): void {
    const by = caller()
    const books = booksOf(this)
    acts.checkHash(books, edge_id, by.height, params_hash)
    const edge = edges.confirm(books, by, edge_id)
    acts.edgeChanged(edge_id, edge, termsOf(books, edge_id, by.height), 'confirmed')
  }

  @call({ args: edgeId })
  cancel_edge({ edge_id }: EdgeId): void {
    const by = caller()
    const books = booksOf(this)
    edges.edgeOf(books, edge_id)
    const terms = termsOf(books, edge_id, by.height)
    const { edge, payouts } = edges.cancel(books, by, edge_id)
    acts.edgeChanged(edge_id, edge, terms, 'cancelled')
    acts.pay(this, payouts)
  }

  /** An end of the edge adds what it attached to its side. */
  @call({ args: edgeId, deposit: 'any' })
  deposit({ edge_id }: EdgeId): void {
    const by = caller()
    const books = booksOf(this)
    const edge = edges.deposit(books, by, edge_id)
    acts.edgeChanged(edge_id, edge, termsOf(books, edge_id, by.height), 'deposited')
  }

  /** New terms that both ends signed; anyone may bring them. */
  @call({ args: schema.update })
  update_edge(args: Values<typeof schema.update>): void {
    const books = booksOf(this)
    const { edge, terms } = update(books, caller().height, acts.updateOf(args), acts.updateIsGenuine(books, args))
    acts.edgeChanged(args.edge_id, edge, terms, 'updated')
  }

  /** An end announces the closure, free of charge. */
  @call({ args: edgeId })
  start_close({ edge_id }: EdgeId): void {
    const by = caller()
    const books = booksOf(this)
    const edge = ending.startClose(books, by, edge_id)
    acts.edgeChanged(edge_id, edge, termsOf(books, edge_id, by.height), 'closing')
  }

  /** Final balances that both ends signed, paid once the notice is over; anyone may bring them. */
  @call({ args: schema.close })
  cooperative_close(args: Values<typeof schema.close>): void {
    const by = caller()
    const books = booksOf(this)
    edges.edgeOf(books, args.edge_id)
    const terms = termsOf(books, args.edge_id, by.height)
    const done = ending.cooperativeClose(books, by, args.edge_id, acts.offerOf(args), acts.offerIsGenuine(books, args))
    acts.settled(this, args.edge_id, done, terms, 'closed')
  }

  /** Carries out a cut that an end signed; anyone may bring it. False where the edge was no more. */
  @call({ args: schema.cert, returns: flag })
  sever(args: Values<typeof schema.cert>): boolean {
    const by = caller()
    const books = booksOf(this)
    const done = ending.sever(books, by, args.edge_id, args.by, acts.certIsGenuine(books, args))
    if (!done) return false
    acts.edgeChanged(args.edge_id, done.edge, termsOf(books, args.edge_id, by.height), 'severed')
    emit('penalty_held', { edge_id: args.edge_id, by: args.by, bounty: this.laws.bounty })
    acts.pay(this, done.payouts)
    return true
  }

  /** A voucher of an edge that ends; anyone may bring it. False where one of as much was there. */
  @call({ args: schema.voucher, returns: flag })
  submit_voucher(args: Values<typeof schema.voucher>): boolean {
    const books = booksOf(this)
    const { edge_id, by, seq, total } = args
    const facts = { payer: by, seq, total }
    const edge = ending.submitVoucher(books, edge_id, facts, acts.voucherIsGenuine(books, args))
    if (edge) acts.edgeChanged(edge_id, edge, termsOf(books, edge_id, caller().height), 'voucher')
    return edge !== null
  }

  /** Pays an edge's deposits out by its best vouchers, after the challenge period; anyone may. */
  @call({ args: edgeId })
  settle({ edge_id }: EdgeId): void {
    const by = caller()
    const books = booksOf(this)
    edges.edgeOf(books, edge_id)
    const terms = termsOf(books, edge_id, by.height)
    acts.settled(this, edge_id, ending.settle(books, by, edge_id), terms, 'settled')
  }

  /** Proves nodes to be cut off; anyone may. Returns how many were not known to be. */
  @call({ args: schema.certificate, returns: u32 })
  report_partition(args: Values<typeof schema.certificate>): number {
    const done = reportPartition(booksOf(this), caller().now, args)
    acts.isolated(done)
    return done.length
  }

  /** Begins a proof too long for one call, with storage for its nodes; see `collect_partition`. Returns its id. */
  @call({ returns: u64, deposit: 'any' })
  start_partition(): bigint {
    const by = caller()
    const { id } = proofs.start(booksOf(this), by)
    emit('proof_started', { proof_id: id, by: by.by })
    return id
  }

  /** First, as often as needed: names nodes. Each but the first of its side hangs on one named before. */
  @call({ args: schema.collected })
  collect_partition(args: Values<typeof schema.collected>): void {
    proofs.collect(booksOf(this), caller(), args.proof_id, args)
  }

  /** Then, until every node was: checks that nodes are as they were, and that the cut is closed. */
  @call({ args: { proof_id: u64, ...schema.chunk } })
  check_partition(args: Values<typeof schema.chunk> & { proof_id: bigint }): void {
    const { at } = proofs.check(booksOf(this), caller(), args.proof_id, args)
    emit('proof_checked', { proof_id: args.proof_id, at })
  }

  /** Last, within an hour: declares up to 24 nodes cut off as of the first check. Returns how many were not known to be. */
  @call({ args: schema.some, returns: u32 })
  finish_partition({ proof_id, accounts }: Values<typeof schema.some>): number {
    const { isolated, payouts } = proofs.finish(booksOf(this), caller(), proof_id, accounts)
    acts.isolated(isolated)
    acts.pay(this, payouts)
    return isolated.length
  }

  /** Or: who began a proof forgets nodes of it, and gets its storage back with the last. */
  @call({ args: schema.some })
  drop_partition({ proof_id, accounts }: Values<typeof schema.some>): void {
    acts.pay(this, proofs.drop(booksOf(this), caller(), proof_id, accounts))
  }

  /** The end of a severed edge that was cut off afterwards pays the other its half of the penalty; anyone may ask. */
  @call({ args: edgeId })
  claim_reimbursement({ edge_id }: EdgeId): void {
    acts.released(this, edge_id, claim(booksOf(this), edge_id), 'claimed')
  }

  /** After its window, a penalty goes to the treasury and what is left of the bonds back; anyone may ask. */
  @call({ args: edgeId })
  release_escrow({ edge_id }: EdgeId): void {
    acts.released(this, edge_id, release(booksOf(this), caller(), edge_id), 'released')
  }

  /** Shows a path of active edges from a node that was cut off to one that is not; anyone may. */
  @call({ args: schema.path })
  report_reconnect({ account, path }: Values<typeof schema.path>): void {
    const node = reconnect(booksOf(this), caller().now, account, path)
    emit('node_changed', { cause: 'reconnected', node: views.tellNode(account, node) })
  }

  /** Sends what a transfer once failed to deliver; to the treasury, what penalties brought. */
  @call({ args: { account: accountId } })
  collect_owed({ account }: Account): void {
    const payout = collect(booksOf(this), account)
    emit('owed_sent', { ...payout })
    acts.pay(this, [payout])
  }

  /** What became of one or two transfers of a call. Each outcome counts for itself. */
  @callback({ results: [nothing], args: schema.payouts })
  paid({ payouts }: { payouts: Payout[] }, ...sent: Outcome<undefined>[]): void {
    acts.bookFailed(this, payouts, sent)
  }

  @callback({ results: [nothing, nothing], args: schema.payouts })
  paid_two({ payouts }: { payouts: Payout[] }, ...sent: Outcome<undefined>[]): void {
    acts.bookFailed(this, payouts, sent)
  }

  /** Whether an account is proven to be cut off, or left; `since` is what its downtime counts from. */
  @view({ args: { account: accountId }, returns: views.disconnection })
  is_disconnected({ account }: Account): Value<typeof views.disconnection> {
    const isolation = isolationOf(booksOf(this), account)
    return { disconnected: isolation !== null, since: isolation?.since ?? null, version: this.graphVersion }
  }

  /** When the present isolation of an account was proven, or when it left; null for all others. */
  @view({ args: { account: accountId }, returns: optional(u64) })
  disconnected_since({ account }: Account): bigint | null {
    return isolationOf(booksOf(this), account)?.at ?? null
  }

  @view({ args: { account: accountId }, returns: optional(schema.key) })
  node_key({ account }: Account): string | null {
    return booksOf(this).nodes.get(account)?.key ?? null
  }

  @view({ args: { account: accountId }, returns: optional(views.nodeView) })
  node({ account }: Account): Value<typeof views.nodeView> | null {
    const found = booksOf(this).nodes.get(account)
    return found && views.tellNode(account, found)
  }

  /** Nodes by the order they registered in, from the number `from` on, and the number to go on from. */
  @view({ args: { from: u32, limit: u32 }, returns: views.nodesPage })
  nodes({ from, limit }: { from: number; limit: number }): Value<typeof views.nodesPage> {
    return views.nodesFrom(booksOf(this), from, limit)
  }

  @view({ args: edgeId, returns: optional(views.edgeView) })
  edge({ edge_id }: EdgeId): Value<typeof views.edgeView> | null {
    return views.edgeAt(booksOf(this), blockHeight(), edge_id)
  }

  /** Edges that are not settled, from an id on, and the id to go on from. */
  @view({ args: { from_id: u64, limit: u32 }, returns: views.edgesPage })
  edges({ from_id, limit }: { from_id: bigint; limit: number }): Value<typeof views.edgesPage> {
    return views.edgesFrom(booksOf(this), blockHeight(), from_id, limit)
  }

  /** Edges of an account that are not settled; offers to it are listed with those who made them. */
  @view({ args: { account: accountId }, returns: views.edgeList })
  edges_of({ account }: Account): Value<typeof views.edgeList> {
    const books = booksOf(this)
    const height = blockHeight()
    return linksOf(books, account)
      .map(({ id }) => views.edgeAt(books, height, id))
      .filter((edge) => edge !== null)
  }

  @view({ returns: schema.rulesGiven })
  rules(): Value<typeof schema.rulesGiven> {
    return tellRules(this.laws)
  }

  /** What the contract holds for others, by kind, in yoctoNEAR. */
  @view({ returns: schema.totals })
  totals(): Totals {
    return this.held
  }

  /** What a transfer failed to deliver to an account, in yoctoNEAR. */
  @view({ args: { account: accountId }, returns: u128 })
  owed_of({ account }: Account): bigint {
    return booksOf(this).owed.get(account) ?? 0n
  }

  /** Counts the changes of the graph. */
  @view({ returns: u64 })
  version(): bigint {
    return this.graphVersion
  }
}
