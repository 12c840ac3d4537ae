import { DcmlError } from '@dcml/protocol'

/** How much of everything one runtime takes on. Sizes in bytes, times in milliseconds. */
export interface Limits {
  /** Largest request body. Default 8 MiB. */
  readonly maxBodyBytes: number
  /** Requests that wait in line while the engine is full; the next one gets 429. Default 64. */
  readonly maxQueue: number
  /** Connections at once. Default 1024. */
  readonly maxConnections: number
  /** From a request's first byte to the end of its headers. Default 15,000. */
  readonly headersMs: number
  /** From a request's first byte to the end of its body. Default 60,000. */
  readonly bodyMs: number
  /** Longest generation, waiting included. Default 600,000. */
  readonly generationMs: number
  /** How long a client may leave a full buffer unread. Default 30,000. */
  readonly stallMs: number
  /** How long answers under way may go on once the runtime is stopping. Default 30,000. */
  readonly drainMs: number
  /** Keys passed on to peers at once. Default 4. */
  readonly maxKeyPasses: number
  /** Tokens that a paid stream sets aside at once, and so the most a crash may cost its payer. Default 32. */
  readonly paymentStep: number
  /** How long a paid stream waits for its next voucher. Default 30,000. */
  readonly paymentMs: number
  /** How long it waits for vouchers in all while others wait for the engine. Default 5,000. */
  readonly paymentGraceMs: number
  /** Oldest block of the chain by which money is believed to be there. Default 600,000. */
  readonly maxHeadAgeMs: number
  /** Oldest opening of a channel that is taken up; below the challenge period of the contract. Default 600,000. */
  readonly maxOpeningAgeMs: number
  /**
   * Sessions of browsers that are kept at once, of some 30 KB each. Default 16,384: more than can be opened within the 15
   * minutes that one is kept, so that strangers push out nobody's.
   */
  readonly maxBrowserSessions: number
  /** Sessions that browsers may open in a second, all of them together. Default 16. */
  readonly browserSessionsPerSecond: number
}

const DEFAULTS: Limits = {
  maxBodyBytes: 8 * 1024 * 1024,
  maxQueue: 64,
  maxConnections: 1024,
  headersMs: 15_000,
  bodyMs: 60_000,
  generationMs: 600_000,
  stallMs: 30_000,
  drainMs: 30_000,
  maxKeyPasses: 4,
  paymentStep: 32,
  paymentMs: 30_000,
  paymentGraceMs: 5_000,
  maxHeadAgeMs: 600_000,
  maxOpeningAgeMs: 600_000,
  maxBrowserSessions: 16_384,
  browserSessionsPerSecond: 16,
}

/** @throws DcmlError `limits_invalid` */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  const limits = { ...DEFAULTS, ...given }
  for (const [name, value] of Object.entries(limits)) {
    const least = name === 'maxQueue' || name === 'drainMs' ? 0 : 1
    if (!Number.isSafeInteger(value) || value < least)
      throw new DcmlError('limits_invalid', `The limit ${name} is ${value}.`, {
        hint: `Give a whole number of at least ${least}.`,
        details: { limit: name },
      })
  }
  return limits
}
