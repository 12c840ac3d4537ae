import { accountId, choice, events, u64, u128 } from '@dcml/contract-build/contract'
import { edgeView, nodeView } from './views.ts'

const edgeId = { edge_id: u64 }

/**
 * Everything that happens, as NEP-297 events. Amounts in yoctoNEAR, times in nanoseconds. Whoever follows `node_changed`,
 * `node_gone` and `edge_changed` knows the graph.
 */
export const emit = events('dcml_por', '1.0.0', {
  opened: { treasury: accountId },
  node_changed: {
    cause: choice('registered', 'updated', 'staked', 'isolated', 'reconnected'),
    node: nodeView,
  },
  node_gone: { account: accountId, since: u64 },
  edge_changed: {
    cause: choice(
      'opened',
      'confirmed',
      'cancelled',
      'deposited',
      'updated',
      'closing',
      'severed',
      'voucher',
      'settled',
      'closed',
    ),
    edge: edgeView,
  },
  /** What each end got of the deposits of an edge that is settled. */
  edge_paid: { ...edgeId, u: accountId, v: accountId, balance_u: u128, balance_v: u128 },
  /** The penalty of an edge is held: half from each end, the bounty taken off. */
  penalty_held: { ...edgeId, by: accountId, bounty: u128 },
  penalty_ended: { ...edgeId, cause: choice('claimed', 'released'), to_u: u128, to_v: u128, to_treasury: u128 },
  proof_started: { proof_id: u64, by: accountId },
  proof_checked: { proof_id: u64, at: u64 },
  owed: { account: accountId, amount: u128, total: u128 },
  owed_sent: { account: accountId, amount: u128 },
})
