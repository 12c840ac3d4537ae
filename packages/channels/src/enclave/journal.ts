import { equalBytes } from '@dcml/protocol'
import { refusal } from '../refuse.ts'
import { type AntiRollback, type Mark, NO_MARK, type StateStore } from './anti-rollback.ts'

/**
 * Keeps the last state of an enclave: written, then marked, then answered. A crash before the mark leaves the state
 * before, whose answers are all that left; a crash after it leaves the new one, whose answer was merely not heard.
 */
export class Journal {
  readonly #store: StateStore
  readonly #device: AntiRollback
  readonly #render: (counter: bigint) => Uint8Array
  #mark: Mark
  #running: Promise<unknown> = Promise.resolve()
  #waiting: Promise<void> | undefined
  #failure: unknown

  private constructor(store: StateStore, device: AntiRollback, mark: Mark, render: (counter: bigint) => Uint8Array) {
    this.#store = store
    this.#device = device
    this.#mark = mark
    this.#render = render
  }

  /**
   * @param render writes the present state; it must hold the counter it is given
   * @returns the last state too, null where there never was one
   * @throws DcmlError `channel_state_rolled_back`, `channel_state_missing`
   */
  static async open(
    { store, antiRollback }: { store: StateStore; antiRollback: AntiRollback },
    render: (counter: bigint) => Uint8Array,
  ): Promise<{ journal: Journal; last: { counter: bigint; state: Uint8Array } | null }> {
    const mark = await antiRollback.read()
    const journal = new Journal(store, antiRollback, mark, render)
    if (mark.counter === NO_MARK.counter) return { journal, last: null }
    const states = await store.read()
    const digests = await Promise.all(states.map(sha256))
    const state = states.find((_, i) => equalBytes(digests[i]!, mark.digest))
    if (state !== undefined) return { journal, last: { counter: mark.counter, state } }
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
      const state = this.#render(counter)
      const next = { counter, digest: await sha256(state) }
      await this.#store.write(state)
      await this.#device.advance(next)
      this.#mark = next
    } catch (error) {
      this.#failure = error
      this.requireSure()
    }
  }
}

const sha256 = async (bytes: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes)))
