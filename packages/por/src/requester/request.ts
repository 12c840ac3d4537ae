import type { SeverCert, Signed } from '@dcml/protocol/por'
import type { Asker } from './asker.ts'
import { type Answer, attempt, refused, requireTarget } from './attempt.ts'
import { choose, noRoute } from './choose.ts'
import { type RequestOptions, readOptions } from './options.ts'

/** What a request came to: exactly one of the two, with what was paid for it and what waiting was paid with. */
export type RequestResult =
  | { readonly response: Answer; readonly cost: bigint; readonly late: bigint }
  | {
      /** The edge that is no more; without a certificate, the contract shows it. */
      readonly broken: { readonly edgeId: bigint; readonly cert: Signed<SeverCert> | null }
      readonly cost: bigint
      readonly late: bigint
    }

/**
 * Asks any node of the network (§2): its signed response, or the proof that an edge on the way is no more, and pay for
 * the time between. A request that a neighbour refuses cost nothing and is tried over other routes; one that was taken
 * up is not repeated.
 * @throws DcmlError `por_no_route`, saying what the options would have to allow; `por_refused` where every neighbour
 *   refuses; `por_unknown_node`; `por_options`. The reason of `options.signal` where that is aborted
 */
export async function request(
  asker: Asker,
  target: string,
  payload: Uint8Array,
  options: RequestOptions,
): Promise<RequestResult> {
  const wanted = readOptions(options, payload)
  options.signal?.throwIfAborted()
  const recipient = requireTarget(asker, target)
  // a neighbour that refused would again; the other edges of its route are as good as any, once disjoint ones ran out
  const shut = new Set<bigint>()
  const tried = new Set<bigint>()
  let late = 0n
  const on = {
    late(amount: bigint): void {
      late += amount
      options.onLate?.(amount)
    },
  }
  for (let reason: string | null = null; ; ) {
    const chosen = choose(asker, target, wanted, tried) ?? choose(asker, target, wanted, shut)
    if (chosen === null) throw reason === null ? noRoute(asker, target, wanted, shut) : refused(target, reason)
    const { request: sent, outcome } = await attempt(asker, recipient, chosen, wanted, on, options.signal)
    const { path, cost } = chosen.route
    if (outcome.kind === 'response') {
      const { response, payload: answer } = outcome
      const proof = { request: sent, response }
      return { response: { status: response.body.status, payload: answer, proof }, cost, late }
    }
    if (outcome.kind === 'broken') return { broken: { edgeId: outcome.edgeId, cert: outcome.cert }, cost, late }
    reason = outcome.reason
    shut.add(path[0]!)
    for (const id of path) tried.add(id)
  }
}
