import { boundMissing, paymentRequired } from './faults.ts'
import { counts, mostCompletion, type Paid, type Tab, type TabContext, type Tokens } from './tab.ts'

/**
 * The tab of an answer that leaves whole: its worst case is held in memory before the engine works, so that no other
 * request is promised the same, and what it really cost is charged in one write just before it leaves.
 */
export class WholeTab implements Tab {
  readonly #context: TabContext
  /** Most completion tokens that were asked for. */
  readonly #maxTokens: number | undefined
  #over = false
  /** Tokens that the engine was given to work on; undefined before that. */
  #prompt: number | undefined

  constructor(context: TabContext, maxTokens: number | undefined) {
    this.#context = context
    this.#maxTokens = maxTokens
  }

  open(): void {
    this.#hold({ promptTokens: 1, completionTokens: this.#maxTokens ?? 1 })
  }

  async start(promptTokens: number, contextLength: number | undefined): Promise<void> {
    const completionTokens = mostCompletion({ maxTokens: this.#maxTokens, contextLength, promptTokens })
    if (completionTokens === undefined) throw boundMissing()
    this.#hold({ promptTokens, completionTokens })
    this.#prompt = promptTokens
  }

  /** Nothing is sent before the end. */
  async cover(): Promise<void> {}
  count(): void {}

  async end(tokens: Tokens): Promise<Paid> {
    const { ledger, channelId, requestId, allowances, observer } = this.#context
    this.#over = true
    const charged = await ledger.charge(channelId, requestId, counts(tokens), allowances.of(requestId))
    this.#context.changes.notify(channelId)
    if ('demand' in charged) throw paymentRequired(charged.demand)
    observer.spent(charged.cost)
    return { ...charged, channelId }
  }

  async drop(isReaderGone: boolean): Promise<void> {
    const { ledger, channelId, requestId, changes, allowances } = this.#context
    try {
      // a channel that has ended pays for nothing, and a state that is unsure says so to the next caller
      if (isReaderGone && !this.#over && this.#prompt !== undefined)
        await this.end({ promptTokens: this.#prompt, completionTokens: 0 }).catch(() => {})
    } finally {
      allowances.end(requestId)
      ledger.free(channelId, requestId)
      changes.notify(channelId)
    }
  }

  #hold(most: Tokens): void {
    const { ledger, channelId, requestId, allowances } = this.#context
    const held = ledger.hold(channelId, requestId, counts(most), allowances.of(requestId))
    if ('demand' in held) throw paymentRequired(held.demand)
  }
}
