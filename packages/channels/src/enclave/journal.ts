import { bytes, bytes32, encode, equalBytes, struct, text } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { refusal } from '../refuse.ts'
import { type AntiRollback, type Mark, NO_MARK, type StateStore, type StoredState } from './anti-rollback.ts'

/** An image takes long, so it should come for few requests. */
const MIN_LOG = 1_048_576

/** Writes the present state; either must hold the counter it is given. */
export interface Renderer {
  /** All of it. */
  image(counter: bigint): Uint8Array
  /** What is different since the last image or change. */
  change(counter: bigint): Uint8Array
}

export interface JournalOptions {
  readonly store: StateStore
  readonly antiRollback: AntiRollback
  /** Changes are logged until they are as long as their image, and this long at least. In bytes, default 1 MiB. */
  readonly minLog?: number
}

/**
 * Keeps the last state of an enclave: written, then marked, then answered. A crash before the mark leaves the state
 * before, whose answers are all that left; a crash after it leaves the new one, whose answer was merely not heard.
 *
 * Only what changed is written. Each change is chained to all before it by digest, so the mark names the whole state
 * still: of what the host offers, one place of one log leads to it.
 */
export class Journal {
  readonly #store: StateStore
  readonly #device: AntiRollback
  readonly #renderer: Renderer
  readonly #minLog: number
  #mark: Mark
  /** Bytes that may be logged before the next image. None at first: what lies behind the mark is not to be kept. */
  #room = 0
  #running: Promise<unknown> = Promise.resolve()
  #waiting: Promise<void> | undefined
  #failure: unknown

  private constructor({ store, antiRollback, minLog = MIN_LOG }: JournalOptions, mark: Mark, renderer: Renderer) {
    this.#store = store
    this.#device = antiRollback
    this.#minLog = minLog
    this.#mark = mark
    this.#renderer = renderer
  }

  /**
   * @returns the last state too, null where there never was one
   * @throws DcmlError `channel_state_rolled_back`, `channel_state_missing`
   */
  static async open(
    options: JournalOptions,
    renderer: Renderer,
  ): Promise<{ journal: Journal; last: StoredState | null }> {
    const { store, antiRollback } = options
    const mark = await antiRollback.read()
    const journal = new Journal(options, mark, renderer)
    if (mark.counter === NO_MARK.counter) return { journal, last: null }
    const states = await store.read()
    for (const state of states) {
      const last = await upTo(mark, state)
      if (last !== undefined) return { journal, last }
    }
    const found = { counter: mark.counter, states: states.length }
    if (states.length === 0)
      throw refusal(
        'channel_state_missing',
        'The state of the channels is gone.',
        'Restore the newest state file.',
        found,
      )
    throw refusal(
      'channel_state_rolled_back',
      'The state of the channels is not the last one: an older copy was restored, or it was altered.',
      'Restore the newest state file. Nothing is served or approved from another.',
      found,
    )
  }

  /**
   * Resolves when everything that was so when it was called survives the host. Calls during a write share the next.
   * @throws DcmlError `channel_state_unsure` for good, once a write or a mark has failed
   */
  commit(): Promise<void> {
    if (this.#waiting === undefined) {
      const written = this.#running.then(() => this.#write())
      this.#waiting = written
      this.#running = written.catch(() => {})
    }
    return this.#waiting
  }

  /** As {@link commit}, for who has changed nothing since the last one: nothing more is written. */
  async settled(): Promise<void> {
    await (this.#waiting ?? this.#running)
    this.requireSure()
  }

  /** Refuses to go on from a state that may not be the last. @throws DcmlError `channel_state_unsure` */
  requireSure(): void {
    if (this.#failure === undefined) return
    throw refusal(
      'channel_state_unsure',
      'The last state could not be kept, or another copy of this enclave has counted.',
      'Restart the enclave from the newest state file.',
      {},
      { cause: this.#failure },
    )
  }

  async #write(): Promise<void> {
    this.#waiting = undefined
    this.requireSure()
    const counter = this.#mark.counter + 1n
    try {
      const digest = await (this.#room > 0 ? this.#append(counter) : this.#replace(counter))
      const next = { counter, digest }
      await this.#device.advance(next)
      this.#mark = next
    } catch (error) {
      this.#failure = error
      this.requireSure()
    }
  }

  async #replace(counter: bigint): Promise<Uint8Array> {
    const image = this.#renderer.image(counter)
    this.#room = Math.max(this.#minLog, image.length)
    const [digest] = await Promise.all([imageDigest(image), this.#store.replace(image)])
    return digest
  }

  async #append(counter: bigint): Promise<Uint8Array> {
    const change = this.#renderer.change(counter)
    this.#room -= change.length
    const digest = changeDigest(this.#mark.digest, change)
    await this.#store.append(change)
    return digest
  }
}

/** The state at the mark; undefined where this log does not lead there. */
async function upTo({ digest }: Mark, { image, changes }: StoredState): Promise<StoredState | undefined> {
  let head = await imageDigest(image)
  for (let count = 0; ; count++) {
    if (equalBytes(head, digest)) return { image, changes: changes.slice(0, count) }
    const change = changes[count]
    if (change === undefined) return undefined
    head = changeDigest(head, change)
  }
}

/** Images are large: the platform reads them 15 times as fast as {@link sha256}, and in another thread. */
const imageDigest = async (image: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(image)))

/** Begins otherwise than any image, so that no image is taken for a change. */
const linkLayout = struct({ tag: text(32), before: bytes32, change: bytes(2 ** 32 - 1) })

/** Changes are small: the way to another thread and back would take longer. */
const changeDigest = (before: Uint8Array, change: Uint8Array): Uint8Array =>
  sha256(encode(linkLayout, { tag: 'dcml/channels-change', before, change }))
