import { DcmlError } from '@dcml/protocol'

/** `request_sk` dials where its caller says: it must not serve to search a network, nor to flood a peer with quotes. */
const WINDOW_MS = 60_000
const MAX_PER_CALLER = 2
/** Failures within the window. */
const MAX_FAILURES_PER_CALLER = 10
const MAX_FAILURES = 200

interface Pass {
  readonly caller: string
  readonly target: string
}

/** Bounds how often keys are passed on: at once, to one target, and after failures. */
export class PassLimits {
  readonly #maxAtOnce: number
  readonly #clock: () => number
  readonly #running: Set<Pass> = new Set()
  #failures: { readonly caller: string; readonly until: number }[] = []

  constructor(maxAtOnce: number, clock: () => number) {
    this.#maxAtOnce = maxAtOnce
    this.#clock = clock
  }

  /** @throws DcmlError `overloaded`, or what `pass` throws, which counts as a failure of this caller */
  async run<T>(entry: Pass, pass: () => Promise<T>): Promise<T> {
    this.#admit(entry)
    this.#running.add(entry)
    try {
      return await pass()
    } catch (error) {
      this.#failures.push({ caller: entry.caller, until: this.#clock() + WINDOW_MS })
      throw error
    } finally {
      this.#running.delete(entry)
    }
  }

  #admit({ caller, target }: Pass): void {
    const now = this.#clock()
    this.#failures = this.#failures.filter(({ until }) => until > now)
    const running = [...this.#running]
    if (
      running.length >= this.#maxAtOnce ||
      running.some((other) => other.target === target) ||
      running.filter((other) => other.caller === caller).length >= MAX_PER_CALLER
    )
      throw tooManyPasses(2)
    const own = this.#failures.filter((failure) => failure.caller === caller)
    for (const [failures, most] of [
      [own, MAX_FAILURES_PER_CALLER],
      [this.#failures, MAX_FAILURES],
    ] as const)
      if (failures.length >= most) throw tooManyPasses(Math.ceil((failures[0]!.until - now) / 1000))
  }
}

const tooManyPasses = (retryAfter: number): DcmlError =>
  new DcmlError('overloaded', 'The enclave passes on no more keys now.', {
    hint: 'Ask again after the time that retry-after says.',
    retryable: true,
    details: { retryAfter },
  })
