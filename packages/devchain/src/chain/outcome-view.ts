import { base64 } from '@scure/base'
import type { ExecutionOutcome, ExecutionStatus } from '../runtime/types.ts'
import { type GasProfile, isActionCost } from '../vm/index.ts'
import { u64Json } from '../wire/json/scalars.ts'

/** RPC's `ExecutionOutcomeView`. @param of a transaction's has no gas profile in nearcore */
export const outcomeView = (outcome: ExecutionOutcome, of: 'transaction' | 'receipt'): Record<string, unknown> => ({
  logs: outcome.logs,
  receipt_ids: outcome.receiptIds,
  gas_burnt: u64Json(outcome.gasBurnt),
  tokens_burnt: outcome.tokensBurnt.toString(),
  executor_id: outcome.executorId,
  status: statusView(outcome.status),
  metadata:
    of === 'transaction'
      ? { version: 1, gas_profile: null }
      : { version: 3, gas_profile: profileView(outcome.profile) },
})

/** RPC's `ExecutionStatusView`. */
export function statusView(status: ExecutionStatus): unknown {
  switch (status.type) {
    case 'Unknown':
      return 'Unknown'
    case 'Failure':
      return { Failure: status.error }
    case 'SuccessValue':
      return { SuccessValue: base64.encode(status.value) }
    case 'SuccessReceiptId':
      return { SuccessReceiptId: status.receiptId }
  }
}

/** In nearcore's order: by category, then by name. */
const profileView = (profile: GasProfile) =>
  [...profile]
    .map(([cost, gas]) => ({
      cost_category: isActionCost(cost) ? 'ACTION_COST' : 'WASM_HOST_COST',
      cost: cost.toUpperCase(),
      gas_used: gas.toString(),
    }))
    .sort((a, b) => compare(a.cost_category, b.cost_category) || compare(a.cost, b.cost))

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
