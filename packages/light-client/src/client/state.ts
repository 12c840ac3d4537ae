import { DcmlError } from '@dcml/protocol'
import { blockHash } from '../block/hash.ts'
import { producersHash } from '../block/producers.ts'
import type { HeaderLite, LightClientBlock, ValidatorStake } from '../block/types.ts'
import type { CryptoHash } from '../transaction/types.ts'

/** What a light client believes: one final block, and who may sign for the blocks to come. */
export interface LightClientState {
  /** Trusted, with everything before it. */
  readonly head: HeaderLite
  /** {@link blockHash} of `head`. */
  readonly headHash: CryptoHash
  /** Producers of the head's epoch; null where they are not known, then only a block of the next epoch can follow. */
  readonly producers: readonly ValidatorStake[] | null
  /** Producers of the epoch after it, whose hash the head carries. */
  readonly nextProducers: readonly ValidatorStake[]
}

/**
 * The state to start from, out of a block that the caller has reasons to trust: its hash was looked up in several
 * independent places, or is compiled into the image.
 * @param block result of `next_light_client_block` with `next_bps`
 * @param options.hash the trusted hash
 * @param options.producers producers of the block's own epoch, where the caller vouches for them: no field of the
 * block does. Without them the first step must reach the next epoch.
 * @throws DcmlError `trust_root_hash` where the block has another hash, `trust_root_producers` where its `next_bps`
 * are missing or not those its header names
 */
export function trustBlock(
  block: LightClientBlock,
  { hash, producers = null }: { hash: CryptoHash; producers?: readonly ValidatorStake[] | null },
): LightClientState {
  const { innerLite, innerRestHash, prevBlockHash, nextBps } = block
  if (nextBps === null)
    throw untrusted('trust_root_producers', 'The block comes without the producers of the next epoch.')
  return checkedState({
    head: { innerLite, innerRestHash, prevBlockHash },
    headHash: hash,
    producers,
    nextProducers: nextBps,
  })
}

/** The state, if its parts belong together. @throws DcmlError `trust_root_hash`, `trust_root_producers` */
export function checkedState(state: LightClientState): LightClientState {
  const hash = blockHash(state.head)
  if (hash !== state.headHash) throw untrusted('trust_root_hash', `The block has hash ${hash}, not ${state.headHash}.`)
  if (producersHash(state.nextProducers) !== state.head.innerLite.nextBpHash)
    throw untrusted('trust_root_producers', 'The producers of the next epoch are not those the block names.')
  return state
}

const untrusted = (code: string, message: string): DcmlError =>
  new DcmlError(code, message, { hint: 'Nothing may be built on this block. Take another source for the trust root.' })
