// What a node's journal says of the requests that it asked itself.
import { toHex } from '@dcml/protocol'
import { requestHash } from '@dcml/protocol/por'
import type { Outcome } from '../../packages/por/src/core/types.ts'
import { Journal } from '../../packages/por/src/node/journal.ts'

/** A node's own requests by the outcomes that it ever kept of each. */
export function ownOutcomes(store: string): ReadonlyMap<string, { outcomes: Outcome['kind'][]; isOpen: boolean }> {
  const { journal, kept } = Journal.open(store)
  const own = new Map<string, { outcomes: Outcome['kind'][]; isOpen: boolean }>()
  for (const record of kept) {
    if (record.kind === 'accepted' && record.from === null)
      own.set(toHex(requestHash(record.request.body)), { outcomes: [], isOpen: true })
    if (record.kind !== 'resolved' && record.kind !== 'forgotten') continue
    const found = own.get(toHex(record.requestHash))
    if (record.from !== null || found === undefined) continue
    found.isOpen = false
    if (record.kind === 'resolved') found.outcomes.push(record.outcome.kind)
  }
  journal.close()
  return own
}
