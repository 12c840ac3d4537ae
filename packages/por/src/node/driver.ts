// Between a machine without I/O and the world. Every input is handled at once; what comes out of one turn of the event
// loop is made durable together, and only then carried out, in order.
import type { Logger } from 'pino'
import type { Effect, Input, Kept, Machine } from '../core/types.ts'

/** Where records become durable. */
export interface Store {
  readonly isLong: boolean
  append(records: readonly Kept[], clock: number): Promise<void>
  replace(records: readonly Kept[], clock: number): Promise<void>
}

export interface DriverOptions {
  readonly machine: Machine
  readonly store: Store
  readonly clock: () => number
  readonly log: Logger
  carryOut(effect: Exclude<Effect, { kind: 'keep' }>): void
  /** The machine threw at what came over an edge. */
  offended(edgeId: bigint): void
  /** ms that a group of records took to become durable. */
  synced(ms: number, records: number): void
  /** Nothing can be promised any more: the node stops. */
  failed(error: unknown): void
}

/** Longest that `setTimeout` takes. */
const LONGEST = 2 ** 31 - 1

export class Driver {
  readonly #o: DriverOptions
  #pending: Effect[] = []
  #turn: Promise<void> | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  /** When the timer goes off; it may be for nothing. */
  #wakeAt = Number.POSITIVE_INFINITY
  #stopped = false

  constructor(options: DriverOptions) {
    this.#o = options
    this.#arm()
  }

  handle(input: Input): void {
    if (this.#stopped) return
    const { machine, clock, log, offended } = this.#o
    let effects: readonly Effect[]
    try {
      effects = machine.handle(input, clock())
    } catch (error) {
      log.error({ err: error, input: input.kind }, 'the machine cannot take this')
      if (input.kind === 'message') offended(input.edgeId)
      return
    }
    for (const effect of effects) this.#pending.push(effect)
    if (this.#pending.length > 0) this.#turn ??= this.#endTurn()
    this.#arm()
  }

  /** Takes nothing more in, and resolves when what was promised is carried out. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#turn
  }

  async #endTurn(): Promise<void> {
    await new Promise(setImmediate)
    const { carryOut, failed } = this.#o
    try {
      while (this.#pending.length > 0) {
        const effects = this.#pending
        this.#pending = []
        await this.#keep(effects)
        for (const effect of effects) if (effect.kind !== 'keep') carryOut(effect)
      }
    } catch (error) {
      this.#stopped = true
      clearTimeout(this.#timer)
      failed(error)
    } finally {
      this.#turn = null
    }
  }

  /** A snapshot holds all that was handled so far, so it can stand for these records too. */
  async #keep(effects: readonly Effect[]): Promise<void> {
    const { machine, store, clock, synced } = this.#o
    const records = effects.flatMap((effect) => (effect.kind === 'keep' ? [effect.record] : []))
    if (records.length === 0) return
    const began = performance.now()
    if (store.isLong) await store.replace(machine.snapshot(), clock())
    else await store.append(records, clock())
    synced(performance.now() - began, records.length)
  }

  #arm(): void {
    const { machine, clock } = this.#o
    const next = machine.nextWake
    if (this.#stopped || next === null || next >= this.#wakeAt) return
    clearTimeout(this.#timer)
    this.#wakeAt = next
    this.#timer = setTimeout(() => this.#wake(), Math.min(Math.max(next - clock(), 0), LONGEST))
  }

  #wake(): void {
    this.#wakeAt = Number.POSITIVE_INFINITY
    const { machine, clock } = this.#o
    if (machine.nextWake !== null && machine.nextWake <= clock()) this.handle({ kind: 'wake' })
    this.#arm()
  }
}
