import type { Demand, Released } from '@dcml/channels'
import type { TokenCounts } from '@dcml/protocol'
import { miscounted, paymentRequired } from './faults.ts'
import { counts, mostCompletion, type Paid, type Pauses, type Tab, type TabContext, type Tokens } from './tab.ts'

export interface StreamTabOptions extends Pauses {
  /** Most completion tokens that were asked for. */
  readonly maxTokens: number | undefined
  /** Most completion tokens that are set aside at once: what a crash may cost the payer. */
  readonly step: number
  /** How long a stream waits for a voucher, in ms. */
  readonly patienceMs: number
  /** How long it has waited in all, in ms, when it gives way to others that wait for the engine. */
  readonly graceMs: number
}

/** How often a stream that has waited long looks whether others wait for the engine, in ms. */
const CROWD_MS = 250

/** Too little is authorised; `changed` resolves when that may be otherwise. */
interface Due {
  readonly demand: Demand
  readonly changed: Promise<void>
}

/**
 * The tab of a stream (paper §6): tokens are set aside some at a time, and counted as they are written. While half of a
 * step is left the next half is set aside in the background, so that tokens wait for no disk; and where that finds too
 * little authorised, the reader hears so while there is still something to send.
 */
export class StreamTab implements Tab {
  readonly #context: TabContext
  readonly #options: StreamTabOptions
  readonly #step: bigint
  /** Prompt tokens set aside and not yet counted. */
  #prompt = 0n
  /** Completion tokens set aside and not yet counted, and those counted. */
  #left = 0n
  #counted = 0n
  /** Most completion tokens there can be. */
  #most: bigint | undefined
  #announced: string | undefined
  #starting: Promise<Due | undefined> | undefined
  #filling: Promise<Due | undefined> | undefined
  /** True while the next half step is being looked after. */
  #ahead = false
  #reserved = false
  /** Time it has waited for vouchers, in ms. */
  #waited = 0
  #over = false

  constructor(context: TabContext, options: StreamTabOptions) {
    this.#context = context
    this.#options = options
    this.#step = BigInt(options.step)
  }

  open(): void {
    this.#requireAffordable({ promptTokens: 1n, completionTokens: 1n })
  }

  /** Sets aside the first step while the engine reads the prompt: nothing is sent before both are done. */
  async start(promptTokens: number, contextLength: number | undefined): Promise<void> {
    const most = mostCompletion({ maxTokens: this.#options.maxTokens, contextLength, promptTokens })
    this.#most = most === undefined ? undefined : BigInt(most)
    const [prompt, wanted] = [BigInt(promptTokens), this.#wanted]
    // what `reserve` would refuse, known before the engine works on it
    this.#requireAffordable({ promptTokens: prompt, completionTokens: wanted > 0n ? 1n : 0n })
    this.#starting = this.#reserve(prompt, wanted)
    // told to whom it concerns by `cover`
    this.#starting.catch(() => {})
  }

  async cover(completionTokens: number): Promise<void> {
    const unpaid = await this.#starting
    if (unpaid !== undefined) throw paymentRequired(unpaid.demand)
    const needed = BigInt(completionTokens) - this.#counted
    let until: number | undefined
    while (this.#left < needed) {
      const due = await this.#fill(needed)
      if (due === undefined) continue
      if (until === undefined) {
        until = performance.now() + this.#options.patienceMs
        this.#context.observer.pause()
      }
      this.#announce(due.demand)
      await this.#wait(due, until)
    }
  }

  count(completionTokens: number): void {
    this.#deliver(BigInt(completionTokens) - this.#counted)
    void this.#fillAhead()
  }

  async end(tokens: Tokens): Promise<Paid> {
    const released = await this.#release()
    const { promptTokens, completionTokens } = counts(tokens)
    const { delivered } = released
    if (delivered.promptTokens !== promptTokens || delivered.completionTokens !== completionTokens) throw miscounted()
    return { ...released, channelId: this.#context.channelId }
  }

  async drop(isReaderGone: boolean): Promise<void> {
    this.#context.allowances.end(this.#context.requestId)
    try {
      await this.#starting
      if (this.#over || !this.#reserved) return
      if (isReaderGone) this.#deliver(0n)
      await this.#release()
    } catch {
      // a channel that has ended has nothing to give back, and a state that is unsure says so to the next caller
    }
  }

  #requireAffordable(least: TokenCounts): void {
    const { ledger, channelId, requestId: id, allowances } = this.#context
    const allowed = allowances.of(id)
    const demand = ledger.demandFor(channelId, least, allowed === undefined ? undefined : { id, allowed })
    if (demand !== undefined) throw paymentRequired(demand)
  }

  /** Counts tokens, and before the first of them the prompt. */
  #deliver(completionTokens: bigint): void {
    const { ledger, channelId, requestId } = this.#context
    ledger.deliver(channelId, requestId, { promptTokens: this.#prompt, completionTokens })
    this.#prompt = 0n
    this.#counted += completionTokens
    this.#left -= completionTokens
  }

  async #release(): Promise<Released> {
    const { ledger, channelId, requestId, changes, observer } = this.#context
    this.#over = true
    const released = await ledger.release(channelId, requestId)
    observer.spent(released.cost)
    changes.notify(channelId)
    return released
  }

  /** How many tokens are best set aside: a step, or what is left of the answer. */
  get #wanted(): bigint {
    if (this.#most === undefined || this.#most - this.#counted >= this.#step) return this.#step
    return this.#most - this.#counted
  }

  /** Sets aside what is missing to so many tokens, or to a step. One at a time: two would set aside twice as much. */
  #fill(needed: bigint): Promise<Due | undefined> {
    const target = needed > this.#wanted ? needed : this.#wanted
    this.#filling ??= this.#reserve(0n, target - this.#left).finally(() => {
      this.#filling = undefined
    })
    return this.#filling
  }

  async #fillAhead(): Promise<void> {
    if (this.#ahead) return
    this.#ahead = true
    try {
      while (!this.#over && this.#left * 2n <= this.#step && this.#left < this.#wanted) {
        const due = await this.#fill(0n)
        if (due === undefined || this.#over) continue
        this.#announce(due.demand)
        await due.changed
      }
    } catch {
      // the token that needs it meets the same fault, and tells it
    } finally {
      this.#ahead = false
    }
  }

  async #reserve(promptTokens: bigint, completionTokens: bigint): Promise<Due | undefined> {
    const { ledger, changes, allowances, channelId, requestId } = this.#context
    // taken before the ledger is asked, so that no voucher slips in between
    const changed = changes.next(channelId)
    const asked = { promptTokens, completionTokens }
    const result = await ledger.reserve(channelId, requestId, asked, allowances.of(requestId))
    if ('demand' in result) return { demand: result.demand, changed }
    this.#reserved = true
    this.#prompt += result.granted.promptTokens
    this.#left += result.granted.completionTokens
    return undefined
  }

  #announce(demand: Demand): void {
    const asked = `${demand.required} ${demand.request?.required}`
    if (asked === this.#announced) return
    this.#announced = asked
    this.#options.announce(demand)
  }

  /**
   * Resolves at a change of the channel. A stream that waits keeps its place in the engine, for nothing: so it gives way
   * once others wait too, however slowly its payer pays on.
   * @throws DcmlError `payment_required` when patience ends
   */
  async #wait({ demand, changed }: Due, until: number): Promise<void> {
    const { signal, crowded, graceMs } = this.#options
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const from = performance.now()
    const look = (): void => {
      const now = performance.now()
      const grace = graceMs - this.#waited - (now - from)
      if (now >= until || (grace <= 0 && crowded())) reject(paymentRequired(demand))
      else timer = setTimeout(look, Math.min(until - now, grace > 0 ? grace : CROWD_MS))
    }
    let timer = setTimeout(look, 0)
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    void changed.then(resolve)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      this.#waited += performance.now() - from
      signal.removeEventListener('abort', onAbort)
    }
  }
}
