// What a node's journal says of the requests that it asked itself.
import { toHex } from '@dcml/protocol'
import { requestHash } from '@dcml/protocol/por'
import type { Outcome } from '../../packages/por/src/core/types.ts'
import { Journal } from '../../packages/por/src/node/journal.ts'

export interface Own {
  readonly fee: bigint
  /** All outcomes that the node ever kept of it; none for one that was refused. */
  readonly outcomes: Outcome['kind'][]
  isOpen: boolean
}

/** A node's own requests, by hash, as far back as its journal goes. */
export function ownRequests(store: string): ReadonlyMap<string, Own> {
  const { journal, kept } = Journal.open(store)
  journal.close()
  const own = new Map<string, Own>()
  for (const record of kept) {
    if (record.kind === 'accepted' && record.from === null)
      own.set(toHex(requestHash(record.request.body)), { fee: record.fee, outcomes: [], isOpen: true })
    if (record.kind !== 'resolved' && record.kind !== 'forgotten') continue
    const found = own.get(toHex(record.requestHash))
    if (record.from !== null || found === undefined) continue
    found.isOpen = false
    if (record.kind === 'resolved') found.outcomes.push(record.outcome.kind)
  }
  return own
}
