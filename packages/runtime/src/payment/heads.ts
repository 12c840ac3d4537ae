// What the enclave believes of the chain: the root in its measured image, and where bundles have taken it since.
import { type BlockBundle, MAX_BUNDLE_BLOCKS } from '@dcml/channels'
import {
  advance,
  blockHash,
  blockTime,
  type CryptoHash,
  type LightClientState,
  parseLightClientBlock,
} from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import type { HeadFile } from './head-file.ts'

/** Heads a bundle may start at, besides the root. */
const MAX_HEADS = 256
/**
 * Least chain time between two of them. Real blocks are free for anyone to bring: brought one by one, they must not push
 * out the heads at which other callers' bundles start before those can be older than an opening may be.
 */
const SPACING_MS = 5000
/** Bundles that wait in line: each may cost a signature check per producer and block. */
const MAX_WAITING = 32

/** Who brings a bundle: strangers who keep their line full must not keep the host from answering for its lock. */
export type Bringer = 'anyone' | 'host'

/** The heads of one light client. They only go on; what is verified is verified from a head that was kept. */
export class Heads {
  readonly #kept = new Map<CryptoHash, LightClientState>()
  readonly #root: CryptoHash
  readonly #file: HeadFile | undefined
  #newest: LightClientState
  readonly #lines = {
    anyone: { last: Promise.resolve() as Promise<unknown>, waiting: 0 },
    host: { last: Promise.resolve() as Promise<unknown>, waiting: 0 },
  }

  /**
   * @param root from the image manifest, which is measured
   * @param options.last where an earlier life of this image stood
   * @param options.file where this one leaves its own
   */
  constructor(root: LightClientState, { last, file }: { last?: LightClientState | undefined; file?: HeadFile } = {}) {
    this.#file = file
    this.#root = root.headHash
    this.#newest = root
    this.#kept.set(root.headHash, root)
    if (last === undefined || last.head.innerLite.height <= root.head.innerLite.height) return
    this.#kept.set(last.headHash, last)
    this.#newest = last
  }

  /** The newest head that is kept: fetch proofs from here. */
  get newest(): LightClientState {
    return this.#newest
  }

  /**
   * Goes over the blocks, one bundle of a line at a time, however many callers bring some.
   * @returns the state at the last of them
   * @throws DcmlError `light_client_head_unknown`, `light_client_busy`, `block_…`, `near_block_invalid`
   */
  async follow(bundle: BlockBundle, by: Bringer = 'anyone'): Promise<LightClientState> {
    const line = this.#lines[by]
    if (line.waiting >= MAX_WAITING) throw busy()
    line.waiting++
    const turn = line.last.then(() => this.#verify(bundle))
    line.last = turn.catch(() => {})
    try {
      return await turn
    } finally {
      line.waiting--
    }
  }

  async #verify({ from, blocks }: BlockBundle): Promise<LightClientState> {
    if (blocks.length > MAX_BUNDLE_BLOCKS) throw tooLong(blocks.length)
    const start = this.#kept.get(from)
    if (start === undefined) throw unknown()
    let state = start
    for (const json of blocks) {
      const block = parseLightClientBlock(json)
      const verified = this.#kept.get(blockHash(block))
      if (verified !== undefined) {
        state = verified
        continue
      }
      const verdict = await advance(state, block)
      if (!verdict.ok) throw verdict.error
      state = verdict.state
    }
    this.#keep(state)
    return state
  }

  #keep(state: LightClientState): void {
    const [head, newest] = [state.head.innerLite, this.#newest.head.innerLite]
    if (head.height <= newest.height || blockTime(head) < blockTime(newest) + SPACING_MS) return
    this.#kept.set(state.headHash, state)
    this.#newest = state
    void this.#file?.keep(state)
    if (this.#kept.size <= MAX_HEADS + 1) return
    for (const hash of this.#kept.keys()) {
      if (hash === this.#root) continue
      this.#kept.delete(hash)
      return
    }
  }
}

const unknown = (): DcmlError =>
  new DcmlError('light_client_head_unknown', 'The light client of this enclave does not stand at the head named.', {
    hint: 'GET /dcml/v1/light-client and make the proof from there.',
  })

const tooLong = (blocks: number): DcmlError =>
  new DcmlError('request_invalid', `The bundle has ${blocks} blocks; ${MAX_BUNDLE_BLOCKS} are read at once.`, {
    hint: 'POST the first blocks to /dcml/v1/light-client, then make the proof from where it stands.',
  })

const busy = (): DcmlError =>
  new DcmlError('light_client_busy', 'The enclave has as many proofs to verify as it takes at once.', {
    hint: 'Bring the proof again in a moment.',
    retryable: true,
    details: { retryAfter: 1 },
  })
