/** Outcome of one check. `skipped` is never shown as success. */
export type CheckStatus = 'pass' | 'fail' | 'skipped'

/** One named result of a verification. */
export interface Check {
  /** Stable name, snake_case, such as `quote_signature`. */
  readonly name: string
  readonly status: CheckStatus
  /** What was compared, or why it failed or was not looked at. */
  readonly why: string
  /** Set where it failed because of the time it was judged at: at another time it might not. */
  readonly untimely?: true
}

/**
 * Which trust roots stand behind a piece of evidence. `development` comes from a simulator, whose keys everyone
 * can derive: it proves nothing and is refused by every production policy.
 */
export type Environment = 'production' | 'development'
