import { observe, STANDARD, startWatcher, type Watcher, type WatcherOptions } from '@dcml/channels'
import { type Near, type PlacedEvent, readEvents } from '@dcml/near'
import { model } from '@dcml/near/model'
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import { Credit } from './credit.ts'
import { Notebook, type Notes } from './notebook.ts'

const head = v.object({
  header: v.object({ height: v.number(), timestamp_nanosec: v.pipe(v.string(), v.digits()) }),
})

const status = v.object({ chain_id: v.string() })

/** One node, and what the chain looks like through it. */
export class Eye {
  readonly near: Near
  /** Shown in logs. */
  readonly name: string
  readonly credit: Credit
  readonly #contractId: string
  readonly #notebook: Notebook
  #watcher: Watcher
  #isMet = false

  constructor(options: { near: Near; name: string; rules: WatcherOptions; notes: Notes; now: number }) {
    const { near, name, rules, notes, now } = options
    this.near = near
    this.name = name
    this.credit = new Credit(rules.retryMs)
    this.#contractId = rules.chain.contract
    this.#notebook = new Notebook(notes)
    const fresh = startWatcher(rules, 0, now)
    this.#watcher = observe(fresh, notes, now)
  }

  get watcher(): Watcher {
    return this.#watcher
  }

  get notes(): Notes {
    return this.#notebook.notes
  }

  change(by: (watcher: Watcher) => Watcher): void {
    this.#watcher = by(this.#watcher)
  }

  /**
   * Reads the next page. A node that stands still has no news, whatever it answers: what counts is the time of its
   * newest block, and only once everything before that block was read. A block of tomorrow is no news of tomorrow.
   * @throws DcmlError `near_network_wrong`, those of `readEvents` and of a view of the contract
   */
  async look(signal: AbortSignal, now: number): Promise<{ events: readonly PlacedEvent[]; caughtUp: boolean }> {
    await this.#meet(signal)
    const { height, timestamp_nanosec } = await this.#head(signal)
    const from = this.#watcher.next
    const page = await readEvents(this.near, { contractId: this.#contractId, from, standard: STANDARD, signal })
    // the newest two blocks wait for those that cover them
    const caughtUp = page.next >= height - 1
    const newsAt = caughtUp ? Math.min(now, Number(BigInt(timestamp_nanosec) / 1_000_000n)) : 0
    this.#watcher = observe(this.#watcher, page, newsAt)
    if (page.next > from) this.#notebook.take(page.events, page.next, (id) => this.#watcher.channels.has(BigInt(id)))
    return { events: page.events, caughtUp: caughtUp || page.next === from }
  }

  /** To a node of another network, or of no such contract, nothing ever happens: it would pass for a quiet one. */
  async #meet(signal: AbortSignal): Promise<void> {
    if (this.#isMet) return
    const { networkId } = this.near
    const { chain_id } = v.parse(status, await this.near.request('status', [], { signal }))
    if (chain_id !== networkId)
      throw new DcmlError('near_network_wrong', `The node is of another network than "${networkId}".`, {
        hint: 'Correct the network or the node.',
      })
    await model(this.near, this.#contractId).terms({}, { signal })
    this.#isMet = true
  }

  async #head(signal: AbortSignal): Promise<v.InferOutput<typeof head>['header']> {
    const answer = v.safeParse(head, await this.near.request('block', { finality: 'final' }, { signal }))
    if (answer.success) return answer.output.header
    throw new DcmlError('near_answer_invalid', 'The node’s newest block cannot be read.', {
      hint: 'Name another node.',
      cause: answer.issues[0].message,
    })
  }
}
