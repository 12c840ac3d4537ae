import { blockHash, type LightClientState, parseLightClientBlock, trustBlock, ZERO_HASH } from '@dcml/light-client'
import * as v from 'valibot'
import { parse } from './answer.ts'
import type { Cancellable, Near } from './connection.ts'
import { followHead } from './proofs.ts'

const blockAnswer = v.object({ header: v.object({ hash: v.string(), prev_hash: v.string() }) })
const validatorsAnswer = v.object({ epoch_start_height: v.number() })

/**
 * Where a light client may start: the newest final block with the producers that may sign what follows, verified from
 * the end of the epoch before on. It is one node's word, and whoever puts it into an image vouches for it: compare
 * `headHash` with an explorer and with nodes of other people.
 * @throws DcmlError what {@link Near.request} throws, and `trust_root_…` or `block_…` where the answers do not verify
 */
export async function fetchTrustRoot(near: Near, options: Cancellable = {}): Promise<LightClientState> {
  const header = async (reference: object) =>
    parse(blockAnswer, await near.request('block', reference, options), 'block').header
  const lightBlockAfter = async (hash: string) =>
    parseLightClientBlock(await near.request('next_light_client_block', { last_block_hash: hash }, options))
  /** First block of the epoch that ends with this block; nodes know it of the present epoch and of last blocks only. */
  const epochStart = async (lastBlock: string | null) => {
    const answer = await near.request('validators', [lastBlock], options)
    return header({ block_id: parse(validatorsAnswer, answer, 'validators').epoch_start_height })
  }

  const { hash: firstHash, prev_hash: beforePresent } = await epochStart(null)
  const isYoung = async (block: string) =>
    block === ZERO_HASH || (await header({ block_id: block })).prev_hash === ZERO_HASH
  const beforePrevious = (await isYoung(beforePresent)) ? ZERO_HASH : (await epochStart(beforePresent)).prev_hash
  if (!(await isYoung(beforePrevious))) {
    // the last block of the previous epoch: its header names the producers of this one
    const block = await lightBlockAfter(beforePrevious)
    return followHead(near, trustBlock(block, { hash: blockHash(block) }), [], options)
  }
  // the first two epochs of a chain have the same producers, those of its genesis
  const block = await lightBlockAfter(beforePresent === ZERO_HASH ? firstHash : beforePresent)
  return followHead(near, trustBlock(block, { hash: blockHash(block), producers: block.nextBps }), [], options)
}
