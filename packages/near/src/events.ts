import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import { parse } from './answer.ts'
import type { Cancellable, Near } from './connection.ts'
import { type NearEvent, parseEvents } from './event.ts'

/** An event with the place it was logged at. */
export interface PlacedEvent extends NearEvent {
  readonly blockHeight: number
  readonly blockHash: string
  /** The receipt that logged it: what to ask a proof for. */
  readonly receiptId: string
}

export interface EventPage {
  readonly events: readonly PlacedEvent[]
  /** Where the next page begins: one past the last block this page covers. */
  readonly next: number
}

export interface EventQuery extends Cancellable {
  readonly contractId: string
  /** First block height to look at. */
  readonly from: number
  /** Last block height to look at. Default: the final head when the page is asked for. */
  readonly to?: number
  /** Blocks a page covers at most. Default 100; each costs one request, and one more for every call to the contract. */
  readonly blocks?: number
  readonly standard?: string
  readonly event?: string
}

const header = v.object({ header: v.object({ height: v.number(), hash: v.string() }) })
const keptBlocks = v.object({ sync_info: v.object({ earliest_block_height: v.number() }) })
const accountChanges = v.object({
  block_hash: v.string(),
  changes: v.array(v.object({ cause: v.looseObject({ type: v.string(), receipt_hash: v.optional(v.string()) }) })),
})
const loggedOutcome = v.object({
  outcome_proof: v.object({
    id: v.string(),
    block_hash: v.string(),
    outcome: v.object({
      executor_id: v.string(),
      logs: v.array(v.string()),
      status: v.union([v.string(), v.record(v.string(), v.unknown())]),
    }),
  }),
})

/**
 * Reads a contract's events from any RPC node, page by page, whole blocks at a time, final blocks only: a page asked
 * again says the same. Events of receipts that failed are left out, as NEAR undoes what they announce.
 * Logs from RPC are one node's word; `provenEvent` proves one.
 * @throws DcmlError `near_block_unknown` where the node no longer keeps `from`
 */
export async function readEvents(near: Near, query: EventQuery): Promise<EventPage> {
  const { contractId, from, blocks = 100 } = query
  if (![from, query.to ?? 0, blocks].every((height) => Number.isSafeInteger(height) && height >= 0) || blocks === 0)
    throw new DcmlError('near_page_invalid', 'Heights and page sizes are whole numbers, and a page covers blocks.', {
      hint: 'Ask from 0 or from the `next` of the page before.',
    })
  const head = parse(header, await near.request('block', { finality: 'final' }, query), 'block').header
  const last = Math.min(query.to ?? head.height, head.height, from + blocks - 1)
  const events: PlacedEvent[] = []
  for (let height = from; height <= last; height++) events.push(...(await eventsOf(near, query, height, head.hash)))
  const wanted = ({ standard, event }: NearEvent): boolean =>
    (query.standard ?? standard) === standard && (query.event ?? event) === event
  return {
    events: events.filter((event) => event.contractId === contractId && wanted(event)),
    next: Math.max(from, last + 1),
  }
}

/** Heights are skipped when a producer misses its turn; one that the node has dropped must not pass for that. */
async function wasSkipped(near: Near, query: EventQuery, height: number): Promise<boolean> {
  const { sync_info } = parse(keptBlocks, await near.request('status', [], query), 'status')
  return height >= sync_info.earliest_block_height
}

async function eventsOf(near: Near, query: EventQuery, height: number, headHash: string): Promise<PlacedEvent[]> {
  const params = { changes_type: 'account_changes', account_ids: [query.contractId], block_id: height }
  let answer: unknown
  try {
    answer = await near.request('EXPERIMENTAL_changes', params, query)
  } catch (error) {
    if (DcmlError.isInstance(error) && error.code === 'near_block_unknown' && (await wasSkipped(near, query, height)))
      return []
    throw error
  }
  const { block_hash: blockHash, changes } = parse(accountChanges, answer, 'EXPERIMENTAL_changes')
  const receipts = new Set(changes.flatMap(({ cause }) => cause.receipt_hash ?? []))
  const events: PlacedEvent[] = []
  for (const receiptId of receipts) {
    const proof = { type: 'receipt', receipt_id: receiptId, receiver_id: query.contractId, light_client_head: headHash }
    const { outcome_proof } = parse(
      loggedOutcome,
      await near.request('EXPERIMENTAL_light_client_proof', proof, query),
      'EXPERIMENTAL_light_client_proof',
    )
    const { executor_id, logs, status } = outcome_proof.outcome
    if (outcome_proof.id !== receiptId || typeof status === 'string' || 'Failure' in status) continue
    for (const event of parseEvents(executor_id, logs))
      events.push({ ...event, blockHeight: height, blockHash, receiptId })
  }
  return events
}
