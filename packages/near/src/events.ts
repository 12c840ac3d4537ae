import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import { parse } from './answer.ts'
import type { Attempt, Cancellable, Near } from './connection.ts'
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
const keptBlocks = v.object({
  sync_info: v.object({ earliest_block_height: v.number(), latest_block_height: v.number() }),
})
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
 * again says the same. The newest two final blocks wait for the page after: nothing covers them yet. Events of receipts that failed are left out, as NEAR undoes what they announce.
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
  // what a block executed is under the root of the next one, and a head covers the blocks below it
  const last = Math.min(query.to ?? head.height, head.height - 2, from + blocks - 1)
  const events: PlacedEvent[] = []
  let next = from
  for (; next <= last; next++) {
    const found = await eventsOf(near, query, next, head.hash)
    if (found === 'not yet') break
    events.push(...found)
  }
  const wanted = ({ standard, event }: NearEvent): boolean =>
    (query.standard ?? standard) === standard && (query.event ?? event) === event
  return {
    events: events.filter((event) => event.contractId === contractId && wanted(event)),
    next,
  }
}

/** What changed at a height: null where the chain skipped it, as it does when a producer misses its turn. */
async function changesAt(near: Near, query: EventQuery, height: number) {
  const params = { changes_type: 'account_changes', account_ids: [query.contractId], block_id: height }
  let last: unknown
  for await (const attempt of near.attempts(query)) {
    try {
      return parse(accountChanges, await attempt('EXPERIMENTAL_changes', params), 'EXPERIMENTAL_changes')
    } catch (error) {
      if (!DcmlError.isInstance(error) || !(error.retryable || error.code === 'near_block_unknown')) throw error
      if (error.code === 'near_block_unknown' && (await wasSkipped(attempt, height))) return null
      last = error
    }
  }
  throw last
}

/** Of the very node that does not know the height: another may be behind, or have dropped less. */
async function wasSkipped(attempt: Attempt, height: number): Promise<boolean> {
  try {
    const { sync_info } = parse(keptBlocks, await attempt('status', []), 'status')
    return sync_info.earliest_block_height <= height && height < sync_info.latest_block_height
  } catch (error) {
    if (DcmlError.isInstance(error) && error.retryable) return false
    throw error
  }
}

/** Receipts looked at together: whoever sends a contract a flood of nothings must not outrun its readers. */
const AT_ONCE = 8

async function eventsOf(near: Near, query: EventQuery, height: number, headHash: string) {
  const found = await changesAt(near, query, height)
  if (found === null) return []
  const { block_hash: blockHash, changes } = found
  const receipts = new Set(changes.flatMap(({ cause }) => cause.receipt_hash ?? []))
  const wanted = [...receipts]
  const events: PlacedEvent[] = []
  for (let at = 0; at < wanted.length; at += AT_ONCE) {
    const batch = wanted.slice(at, at + AT_ONCE)
    for (const [offset, logged] of (
      await Promise.all(batch.map((id) => loggedBy(near, query, id, headHash)))
    ).entries()) {
      if (logged === 'not yet') return 'not yet'
      const receiptId = batch[offset]!
      for (const event of logged) events.push({ ...event, blockHeight: height, blockHash, receiptId })
    }
  }
  return events
}

/** What one receipt logged; nothing where it failed. */
async function loggedBy(
  near: Near,
  query: EventQuery,
  receiptId: string,
  headHash: string,
): Promise<NearEvent[] | 'not yet'> {
  const proof = { type: 'receipt', receipt_id: receiptId, receiver_id: query.contractId, light_client_head: headHash }
  let answer: unknown
  try {
    answer = await near.request('EXPERIMENTAL_light_client_proof', proof, query)
  } catch (error) {
    // its shard has had no chunk since, so no root covers it yet
    if (DcmlError.isInstance(error) && error.code === 'near_not_final') return 'not yet'
    throw error
  }
  const { outcome_proof } = parse(loggedOutcome, answer, 'EXPERIMENTAL_light_client_proof')
  if (outcome_proof.id !== receiptId)
    throw new DcmlError('near_answer_invalid', `The node answered with another receipt than ${receiptId}.`, {
      hint: 'Ask another node.',
    })
  const { executor_id, logs, status } = outcome_proof.outcome
  return typeof status === 'string' || 'Failure' in status ? [] : parseEvents(executor_id, logs)
}
