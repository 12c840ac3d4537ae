import { parseAmount } from '@dcml/protocol'
import type { NodeConfig, Patience } from '../core/types.ts'

/** The paper's heuristic (§5.4): an edge that lost more than it brought in the last hour is cut. */
const keepWhatPays: Patience = ({ profit }) => (profit < 0n ? 'sever' : 'wait')

/** What a node does where its operator says nothing else. */
export const NODE_DEFAULTS: Omit<NodeConfig, 'chain' | 'account' | 'apps'> = {
  guard: 500,
  credit: 0n,
  batch: { requests: 32, ms: 50 },
  debtLimit: parseAmount('0.01 NEAR'),
  // half of the penalty for a cut: waiting longer would cost more than cutting
  waitCap: parseAmount('0.05 NEAR'),
  patience: keepWhatPays,
  rate: { perSecond: 5_000, burst: 2_048 },
}
