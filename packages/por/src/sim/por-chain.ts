import type { GraphChange, PorChain } from '@dcml/protocol/por'
import { cooperativeClose, settle, sever, startClose, submitVoucher, updateEdge } from './closing.ts'
import type { Ledger } from './ledger.ts'
import { reportPartition } from './partition.ts'

/** The ledger as one of its accounts sees and calls it. */
export function porChain(ledger: Ledger, account: string): PorChain {
  return {
    chain: ledger.chain,
    graph: async () => ledger.facts(),
    changes: async (after: bigint): Promise<{ changes: GraphChange[]; height: bigint }> => ledger.changes(after),
    sever: async (cert) => sever(ledger, cert, account),
    submitVoucher: async (voucher) => submitVoucher(ledger, voucher),
    updateEdge: async (byU, byV) => updateEdge(ledger, byU, byV),
    startClose: async (id) => startClose(ledger, id, account),
    cooperativeClose: async (byU, byV) => cooperativeClose(ledger, byU, byV),
    settle: async (id) => settle(ledger, id),
    reportPartition: async (proof) => reportPartition(ledger, proof),
    disconnectedSince: async (of) => ledger.node(of)?.isolatedSince ?? null,
  }
}
