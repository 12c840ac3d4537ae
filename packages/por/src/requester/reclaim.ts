import { bytes32, DcmlError, encode, struct, u64, u128 } from '@dcml/protocol'
import { otherEnd } from '../routes/graph.ts'
import type { Asker } from './asker.ts'
import { type IsolateResult, isolate } from './isolate.ts'
import type { RequestOptions } from './options.ts'

/** What a neighbour left undone when this node cut the edge to it. */
export interface Lost {
  readonly edgeId: bigint
  /** SHA-256 that names the request. */
  readonly requestHash: Uint8Array
  /** yoctoNEAR of late fees that it did not pay. */
  readonly owed: bigint
}

/** Application that a cut is disputed with. Any signed answer will do, also that there is no such application. */
export const RECLAIM = 'dcml/reclaim'

/** Payload of a request to {@link RECLAIM}. */
export const reclaimLayout = struct({ edgeId: u64, requestHash: bytes32, owed: u128 })

/**
 * After a cut, finds out whose fault it was (§3.1): asks the other end over other paths. While it answers, both bear
 * their half of the penalty; if it stays silent it is isolated, and this node’s half claimed back from it.
 * @param claim carries out the contract’s `claim_reimbursement`
 * @throws DcmlError `por_not_cut` for an edge that is not severed or not this node’s; as {@link isolate}; what `claim` throws
 */
export async function reclaim(
  asker: Asker,
  lost: Lost,
  options: Omit<RequestOptions, 'app'>,
  claim: (edgeId: bigint) => Promise<unknown>,
): Promise<IsolateResult> {
  const { account, graph } = asker
  const edge = graph.edge(lost.edgeId)
  if (edge?.status !== 'severed' || (edge.u !== account && edge.v !== account))
    throw new DcmlError('por_not_cut', `Edge ${lost.edgeId} is no edge of ${account} that was cut.`, {
      hint: 'Wait until the chain shows the cut; what was settled can be claimed no more.',
      details: { edgeId: `${lost.edgeId}` },
    })
  const payload = encode(reclaimLayout, lost)
  const result = await isolate(asker, otherEnd(edge, account), payload, { ...options, app: RECLAIM })
  if ('disconnected' in result) await claim(lost.edgeId)
  return result
}
