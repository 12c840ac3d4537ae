import { base64 } from '@scure/base'
import { amountJson, u64Json } from '../runtime/json.ts'
import type { ExecutionOutcome, ExecutionStatus } from '../runtime/types.ts'
import { isActionCost } from '../vm/index.ts'

/** RPC's `ExecutionOutcomeView`. */
export const outcomeView = (outcome: ExecutionOutcome): Record<string, unknown> => ({
  logs: outcome.logs,
  receipt_ids: outcome.receiptIds,
  gas_burnt: u64Json(outcome.gasBurnt),
  tokens_burnt: amountJson(outcome.tokensBurnt),
  executor_id: outcome.executorId,
  status: statusView(outcome.status),
  metadata: { version: 3, gas_profile: [...outcome.profile].map(costView) },
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

const costView = ([cost, gas]: readonly [string, bigint]) => ({
  cost_category: isActionCost(cost) ? 'ACTION_COST' : 'WASM_HOST_COST',
  cost: cost.toUpperCase(),
  gas_used: gas.toString(),
})
