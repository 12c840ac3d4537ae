import { DcmlError } from '@dcml/protocol'
import { type NodeFacts, type PorRequest, type PorResponse, porRequest, type Signed, sign } from '@dcml/protocol/por'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Outcome } from '../core/types.ts'
import { unknownNode } from '../routes/partition.ts'
import type { Asker } from './asker.ts'
import type { Chosen } from './choose.ts'
import { orAborted } from './follow.ts'
import type { Wanted } from './options.ts'

/** A target’s signed answer. */
export interface Answer {
  /** 0: answered. 1: no such application. 2: the application failed. */
  readonly status: number
  readonly payload: Uint8Array
  /** What shows a third party that the target said this to that request. */
  readonly proof: { readonly request: Signed<PorRequest>; readonly response: Signed<PorResponse> }
}

export interface Attempt {
  readonly request: Signed<PorRequest>
  readonly outcome: Outcome
}

/** The target as it is registered. @throws DcmlError `por_unknown_node` */
export function requireTarget({ graph }: Asker, account: string): NodeFacts {
  const target = graph.node(account)
  if (target === null) throw unknownNode(account)
  return target
}

/** Signs a request of its own and sends it over a route. Rejects with the signal’s reason. */
export async function attempt(
  asker: Asker,
  target: NodeFacts,
  { route, lateRate }: Chosen,
  { payload, app, hold, service, maxResponse }: Wanted,
  on: { late(amount: bigint): void },
  signal: AbortSignal | undefined,
): Promise<Attempt> {
  const fields = {
    requestId: asker.random(32),
    requester: asker.account,
    recipient: target.account,
    recipientKey: target.key,
    payloadHash: sha256(payload),
    payloadLength: payload.length,
    maxResponse,
    lateRate,
    service,
    app,
  }
  const request = sign(porRequest, asker.chain.chain, fields, asker.signer)
  const ask = { request, path: route.path, payload, hold, fee: route.cost }
  const outcome = await orAborted(asker.ask(ask, on, signal), signal)
  if (outcome.kind === 'response') asker.scores?.report(route.path, outcome.holds)
  return { request, outcome }
}

/** That every neighbour said no before anything was paid. */
export const refused = (target: string, reason: string): DcmlError =>
  new DcmlError('por_refused', `No neighbour takes this request to ${target} up: ${reason}.`, {
    hint: HINTS[reason] ?? 'Nothing was paid. Try again in a while.',
    retryable: true,
    details: { target, reason },
  })

const HINTS: Readonly<Record<string, string>> = {
  budget: 'Nothing was paid. Raise hold: every node on the way keeps a guard of it.',
  reserve: 'Nothing was paid. Lower lateRate or hold, or raise the deposits of the edges.',
  fee: 'Nothing was paid. The prices changed: try again with the newest graph.',
}
