/** Outcome of one check. `skipped` is never shown as success. */
export type CheckStatus = 'pass' | 'fail' | 'skipped'

/** One named result of a verification. */
export interface Check {
  /** Stable name, snake_case, such as `block_root`. */
  readonly name: string
  readonly status: CheckStatus
  /** What was compared or established, or why it failed or was not looked at. */
  readonly why: string
  /** Set where it failed because of the time it was judged at: at another time it might not. */
  readonly untimely?: true
}
