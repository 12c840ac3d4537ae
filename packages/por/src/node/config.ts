import { parseAmount } from '@dcml/protocol'
import type { NodeConfig, Patience } from '../core/types.ts'

/** Half of the penalty for a cut: what cutting an edge costs each of its ends. */
const CUT = parseAmount('0.05 NEAR')

/**
 * The paper's heuristic (§5.4), with the price of a cut in it (§3): an edge is cut that lost more in the last hour than
 * cutting it costs. With nothing there, the first hiccup of a new edge would cost 0.05 NEAR to save a millionth.
 */
const rational: Patience = ({ profit }) => (profit < -CUT ? 'sever' : 'wait')

/** What a node does where its operator says nothing else. */
export const NODE_DEFAULTS: Omit<NodeConfig, 'chain' | 'account' | 'apps'> = {
  guard: 500,
  credit: 0n,
  batch: { requests: 32, ms: 50 },
  debtLimit: parseAmount('0.01 NEAR'),
  waitCap: CUT,
  patience: rational,
  rate: { perSecond: 5_000, burst: 2_048 },
}
