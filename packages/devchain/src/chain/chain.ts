import type { AccountId, CryptoHash, SignedTransaction } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import type { StateRecord } from '../state/index.ts'
import type { Receipt } from '../wire/types.ts'
import type { ClockState } from './clock.ts'
import type { FaultDecision } from './faults.ts'
import { type ChainState, dumpFile, imageOf, readImage, writeImage } from './image.ts'
import type { BlockRecord } from './journal.ts'
import { keyPairFromSecret } from './keys.ts'
import { ChainMiner } from './miner.ts'
import type { ChainOptions } from './options.ts'
import { isGenesis } from './place.ts'
import { produceBlock } from './produce.ts'
import type { Tip } from './tip.ts'
import type { Block } from './types.ts'

/** Blocks an epoch may be late before the jump to the next one gives up. */
const PATIENCE = 1000

/** Everything of a chain that a snapshot brings back. */
interface Saved {
  readonly tip: Tip
  readonly seal: number
  readonly pool: ReadonlyMap<CryptoHash, SignedTransaction>
  readonly patch: readonly StateRecord[]
  readonly impersonated: ReadonlySet<AccountId>
  readonly silent: ReadonlySet<AccountId>
  readonly clock: ClockState
}

/** One NEAR chain with one shard, in memory, with what only a development chain can do: go back, jump, pretend. */
export class Chain extends ChainMiner {
  readonly #snapshots = new Map<number, Saved>()
  #nextSnapshot = 1

  /** Marks this moment; costs nothing. The id stays valid until a return to an earlier snapshot. */
  snapshot(): number {
    const id = this.#nextSnapshot++
    this.#snapshots.set(id, {
      tip: this.tip,
      seal: this.library.seal(),
      pool: new Map(this.pool),
      patch: this.patch,
      impersonated: this.impersonated,
      silent: this.silent,
      clock: this.clock.state,
    })
    return id
  }

  /**
   * Goes back to a snapshot, as often as you like; later snapshots are gone. Faults in wait are cleared.
   * @throws DcmlError `devchain_snapshot_unknown`
   */
  revert(id: number): void {
    const saved = this.#snapshots.get(id)
    if (!saved)
      throw new DcmlError('devchain_snapshot_unknown', `There is no snapshot ${id}.`, {
        hint: 'Snapshots end when the chain goes back to an earlier one.',
      })
    for (const later of this.#snapshots.keys()) if (later > id) this.#snapshots.delete(later)
    this.library.rewind(saved.seal)
    this.tip = saved.tip
    this.pool = new Map(saved.pool)
    this.patch = saved.patch
    this.impersonated = saved.impersonated
    this.silent = saved.silent
    this.clock.state = saved.clock
    this.faults.clear()
    this.listener?.rewritten()
  }

  /**
   * Gives the next block this time, and those after it times that go on from there.
   * @throws DcmlError `devchain_time_invalid` unless it is after the last block
   */
  setTime(time: Date): void {
    this.clock.set(time.getTime(), this.head.header.timestamp)
  }

  /** Lets `ms` pass before the next block. @throws DcmlError `devchain_time_invalid` unless positive and whole */
  advanceTime(ms: number): void {
    const { timestamp } = this.head.header
    this.clock.advance(ms, timestamp)
  }

  /** Fast-forwards to the first block of the epoch `count` epochs ahead. */
  advanceEpochs(count = 1): Block {
    for (let i = 0; i < count; i++) {
      const { current } = this.tip.epoch
      const boundary = this.tip.epoch.firstHeight + this.settings.epochLength
      this.fastForward(Math.max(1, boundary - this.head.header.height))
      for (let more = 0; this.tip.epoch.current === current && more < PATIENCE && this.hasQuorum; more++) this.mine()
    }
    return this.head
  }

  /** Lets this account's transactions and delegate actions through without signature or access key. */
  impersonate(accountId: AccountId): void {
    this.impersonated = new Set([...this.impersonated, accountId])
  }

  stopImpersonating(accountId: AccountId): void {
    this.impersonated = new Set([...this.impersonated].filter((other) => other !== accountId))
  }

  /**
   * Takes these validators' votes away, until called again. Without two thirds of the stake every other height stays
   * empty, so that nothing new becomes final; mainnet would stand still.
   */
  silence(validators: readonly AccountId[]): void {
    this.silent = new Set(validators)
  }

  /** Signs blocks for a validator that staked with this key. @throws DcmlError `devchain_key_invalid` */
  addValidatorKey(secretKey: string): void {
    const key = keyPairFromSecret(secretKey)
    this.signers.set(key.publicKey, key)
    this.listener?.rewritten()
  }

  /** The whole chain as bytes, snapshots and faults in wait aside; {@link loadChain} takes them. */
  dump = (): Uint8Array => dumpFile(this.#state)

  /** {@link dump} without its frame. */
  image = (): Uint8Array => writeImage(this.#state)

  /** Makes a block again from what it was told. */
  replay({ inputs, decided, clock }: BlockRecord): void {
    const left = new Map<CryptoHash, FaultDecision[]>()
    for (const { id, decision } of decided) left.set(id, [...(left.get(id) ?? []), decision])
    const fault = (receipt: Receipt): FaultDecision => left.get(receipt.receiptId)?.shift() ?? 'run'
    this.append(produceBlock(this.tip, { ...inputs, fault }, this.rules))
    this.impersonated = inputs.impersonated
    this.silent = inputs.silent
    this.clock.state = clock
  }

  get clockState(): ClockState {
    return this.clock.state
  }

  get #state(): ChainState {
    const { clock: _, ...settings } = this.settings
    const tips = [...this.library.tips()]
    return {
      settings,
      genesisHash: this.genesis.header.hash,
      tips: tips.length > 0 ? tips : [this.library.genesis],
      pool: [...this.pool.values()],
      patch: this.patch,
      impersonated: this.impersonated,
      silent: this.silent,
      clock: this.clock.state,
      keys: [...this.signers.values()].map(({ secretKey }) => secretKey),
    }
  }

  /** Becomes what was saved; only for a chain that has nothing but its genesis yet. */
  restore(state: ChainState): void {
    if (this.genesis.header.hash !== state.genesisHash)
      throw new DcmlError('devchain_data_mismatch', 'The saved chain has another genesis.', {
        hint: 'Open it with the options it was started with, or start another one elsewhere.',
      })
    for (const tip of state.tips) if (!isGenesis(tip)) this.append(tip)
    this.pool = new Map(state.pool.map((signed) => [signed.hash, signed]))
    this.patch = state.patch
    this.impersonated = state.impersonated
    this.silent = state.silent
    this.clock.state = state.clock
    for (const key of state.keys.map(keyPairFromSecret)) this.signers.set(key.publicKey, key)
  }
}

/** {@link Chain} or a class on top of it. */
export type ChainClass<T extends Chain> = new (options: ChainOptions) => T

/**
 * A chain from the bytes of its `dump`.
 * @param options to change: clock, mining, keepBlocks
 * @throws DcmlError `devchain_data_damaged`, `devchain_data_mismatch`
 */
export function loadChain<T extends Chain>(
  Class: ChainClass<T>,
  file: Uint8Array,
  options: Pick<ChainOptions, 'clock' | 'mining' | 'keepBlocks'> = {},
): T {
  const state = readImage(imageOf(file))
  return restored(new Class({ ...state.settings, ...options }), state)
}

/** A chain from the payload of an image and the options it was started with. @throws DcmlError as {@link loadChain} */
export const restoreChain = <T extends Chain>(Class: ChainClass<T>, image: Uint8Array, options: ChainOptions): T =>
  restored(new Class(options), readImage(image))

function restored<T extends Chain>(chain: T, state: ChainState): T {
  try {
    chain.restore(state)
    return chain
  } catch (error) {
    chain.close()
    throw error
  }
}
