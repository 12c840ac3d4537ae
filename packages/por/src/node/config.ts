import { parseAmount } from '@dcml/protocol'
import { CLOSE_CHANNEL } from '@dcml/protocol/por'
import type { NodeConfig, Patience } from '../core/types.ts'

/** Half of the penalty for a cut: what cutting an edge costs each of its ends. */
const CUT = parseAmount('0.05 NEAR')

/**
 * The paper's heuristic (§5.4), with the price of a cut in it (§3): an edge is cut that lost more in the last hour than
 * cutting it costs. With nothing there, the first hiccup of a new edge would cost 0.05 NEAR to save a millionth.
 */
const rational: Patience = ({ profit }) => (profit < -CUT ? 'sever' : 'wait')

/**
 * For what it serves of these, a node is mute: a signed failure costs a host its lock, silence an edge. What it does not
 * serve it says so, or any stranger could have its edges cut by asking for it.
 */
export const muteFor = (served: readonly string[]): readonly string[] => served.filter((app) => app === CLOSE_CHANNEL)

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
