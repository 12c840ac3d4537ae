import type { LightClientState } from '@dcml/light-client'
import { DcmlError, equalBytes } from '@dcml/protocol'
import * as v from 'valibot'
import { parse } from '../answer.ts'
import type { Cancellable, Near } from '../connection.ts'
import { readEvents } from '../events.ts'
import { fetchLogProof } from '../log-proof.ts'
import { sleep } from '../sleep.ts'
import { model } from './model.client.ts'

/** Which opening is to be proven, and to whom. */
export interface OpeningQuery extends Cancellable {
  /** Account of the model contract. */
  readonly contract: string
  readonly channelId: bigint
  /** The chain's random bytes in the opening or the last top-up: ids can be foretold. */
  readonly seed: Uint8Array
  /** Where the light client stands. */
  readonly from: LightClientState
  /** Milliseconds to wait until it can be proven. Default 60,000. */
  readonly patienceMs?: number
  /** When the question came, ms since 1970: there is no such channel only where a later final block has none. Default now. */
  readonly asked?: number
}

/** What proves an opening to a light client that stands at `from`. */
export interface OpeningProof {
  readonly from: string
  readonly blocks: unknown[]
  readonly proof: { readonly receipt: Record<string, unknown>; readonly log: number }
}

/** Clocks of block producers and of this machine may be so far apart, in ms. */
const SKEW_MS = 2000

const headerSchema = v.object({ header: v.object({ height: v.number(), timestamp_nanosec: v.string() }) })

/**
 * Finds the opening of a channel by the time that the contract noted, and what proves it: for a host whose enclave was
 * never shown it. Takes some 30 requests, however old the channel is.
 * @returns null where there is no open channel of this id and seed, by a final block of after the question: a payer may see
 * its own opening before the node that is asked here
 * @throws DcmlError `near_event_missing` where the node does not keep the block any more, `near_behind` where it has no
 * final block of after the question; as `fetchLogProof`
 */
export async function fetchOpening(near: Near, query: OpeningQuery): Promise<OpeningProof | null> {
  const { contract, channelId, from, patienceMs, signal } = query
  const cancel = signal === undefined ? {} : { signal }
  const wanted = ({ event, data }: { readonly event: string; readonly data: unknown }): boolean =>
    event === 'channel_opened' && (data as { channel_id?: unknown } | null)?.channel_id === `${channelId}`
  const patience = performance.now() + (patienceMs ?? 60_000)
  const openedAt = await openingTime(near, query, patience)
  if (openedAt === null) return null
  for (;;) {
    const height = await heightAt(near, openedAt, cancel)
    const query = { contractId: contract, from: height ?? 0, blocks: 1, ...cancel }
    const page = height === null ? null : await readEvents(near, query)
    const found = page?.events.find(wanted)
    if (found !== undefined) {
      const asked = { contractId: contract, receiptId: found.receiptId, wanted, state: from, ...cancel }
      const { blocks, proof } = await fetchLogProof(near, { ...asked, ...(patienceMs !== undefined && { patienceMs }) })
      return { from: from.headHash, blocks: [...blocks], proof }
    }
    // the newest blocks have to wait for their successors
    if ((height !== null && page!.next > height) || performance.now() > patience) throw missing(channelId)
    await sleep(250, signal)
  }
}

/** When a channel of this id and seed was opened; null once it is certain that there was none when it was asked about. */
async function openingTime(near: Near, query: OpeningQuery, patience: number): Promise<bigint | null> {
  const { contract, channelId, seed, asked = Date.now(), signal } = query
  const cancel = signal === undefined ? {} : { signal }
  const certain = BigInt(Math.trunc(asked) + SKEW_MS) * 1_000_000n
  const look = async (at: 'optimistic' | number): Promise<bigint | null> => {
    const channel = await model(near, contract).channel({ channel_id: channelId }, { at, ...cancel })
    return channel !== null && equalBytes(channel.seed, seed) ? channel.opened_at : null
  }
  for (;;) {
    const newest = await look('optimistic')
    if (newest !== null) return newest
    const head = await blockAt(near, { finality: 'final' }, cancel)
    if (head.time > certain) return look(head.height)
    if (performance.now() > patience) throw behind()
    await sleep(250, signal)
  }
}

async function blockAt(near: Near, at: { finality: 'final' } | { block_id: number }, cancel: Cancellable) {
  const { header } = parse(headerSchema, await near.request('block', at, cancel), 'block')
  return { height: header.height, time: BigInt(header.timestamp_nanosec) }
}

/** Heights in a row that a chain may skip; where more are unknown, the node has dropped them. */
const SKIPS = 16

/** Height of the first block of this time or later; null before it is final. */
async function heightAt(near: Near, time: bigint, cancel: Cancellable): Promise<number | null> {
  /** The first block from a height on, and below another. */
  async function firstIn(from: number, to: number) {
    for (let height = from; height < Math.min(to, from + SKIPS); height++) {
      try {
        return await blockAt(near, { block_id: height }, cancel)
      } catch (error) {
        if (!DcmlError.isInstance(error) || error.code !== 'near_block_unknown') throw error
      }
    }
    return null
  }

  const head = await blockAt(near, { finality: 'final' }, cancel)
  if (head.time < time) return null
  let low = head.height
  for (let step = 1; low > 0; step *= 2) {
    low = Math.max(head.height - step, 0)
    const found = await firstIn(low, head.height)
    if (found === null ? step > SKIPS : found.time < time) break
  }
  // what is below `low` is earlier, what is from `high` on is later, and the last of those looked at is the answer
  let [answer, high] = [head.height, head.height]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    const found = await firstIn(middle, high)
    if (found !== null && found.time < time) low = found.height
    else {
      answer = found?.height ?? answer
      high = middle
    }
  }
  return answer
}

const missing = (channelId: bigint): DcmlError =>
  new DcmlError('near_event_missing', `The opening of channel ${channelId} was not found at its time.`, {
    hint: 'Ask an archival node: this one may have dropped the block.',
  })

const behind = (): DcmlError =>
  new DcmlError('near_behind', 'The node has no final block of after the question.', {
    hint: 'Ask another node, and see that the clock of this machine is right.',
    retryable: true,
  })
