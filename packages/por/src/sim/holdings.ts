import type { PorVoucher, Signed } from '@dcml/protocol/por'
import { balances, releaseEscrow, settle, startClose, submitVoucher } from './closing.ts'
import type { Network } from './network.ts'

type Best = [Signed<PorVoucher> | null, Signed<PorVoucher> | null]

/** The best voucher that reached each end of each edge, as its holder wrote it down. */
export class Holdings {
  readonly #network: Network
  readonly #best = new Map<bigint, Best>()

  constructor(network: Network) {
    this.#network = network
    network.watch(({ effect }) => {
      if (effect.kind === 'keep' && effect.record.kind === 'received') this.#take(effect.record.voucher)
    })
  }

  /** By u, by v. */
  best(edgeId: bigint): Best {
    return this.#best.get(edgeId) ?? [null, null]
  }

  /** What u and v would be paid if the edge were settled with all of these. */
  balances(edgeId: bigint): [bigint, bigint] {
    const edge = this.#network.ledger.requireEdge(edgeId)
    const [byU, byV] = this.best(edgeId)
    return balances({ facts: edge.facts, paid: [byU?.body.total ?? 0n, byV?.body.total ?? 0n] })
  }

  /** All that an account has: wallet, stake, bonds and its side of every edge. */
  of(account: string): bigint {
    const { ledger } = this.#network
    const node = ledger.requireNode(account)
    let sum = (ledger.wallets.get(account) ?? 0n) + node.facts.stake
    for (const id of node.edges) {
      const edge = ledger.requireEdge(id)
      const side = ledger.side(edge, account)
      sum += edge.bonds[side] + this.balances(id)[side]
    }
    return sum
  }

  /** Ends every edge as the contract would: notice or challenge, vouchers, payout, and the escrows after their window. */
  settleAll(): void {
    const { ledger, edges, clock } = this.#network
    const { closeNotice, challenge, reimbursement } = ledger.rules
    for (const { id, u } of edges.values()) if (ledger.edge(id)!.status === 'active') startClose(ledger, id, u.account)
    for (const { id } of edges.values())
      for (const voucher of this.best(id)) if (voucher !== null) submitVoucher(ledger, voucher)
    clock.run(clock.now + closeNotice + challenge)
    for (const { id } of edges.values()) settle(ledger, id)
    clock.run(clock.now + reimbursement)
    for (const edge of ledger.edges.values()) if (edge.wasCut) releaseEscrow(ledger, edge.facts.id)
  }

  #take(voucher: Signed<PorVoucher>): void {
    const { edgeId, domain, total } = voucher.body
    const best = this.#best.get(edgeId) ?? [null, null]
    const key = this.#network.ledger.node(this.#network.ledger.edge(edgeId)!.u)!.key
    const side = key.every((byte, at) => byte === domain.subject[at]) ? 0 : 1
    if (total > (best[side]?.body.total ?? 0n)) best[side] = voucher
    this.#best.set(edgeId, best)
  }
}
