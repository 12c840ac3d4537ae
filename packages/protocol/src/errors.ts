const marker: unique symbol = Symbol.for('@dcml/protocol/DcmlError') as never

/** What a caller may read, log and act on. */
export interface DcmlErrorOptions {
  /** What to do about it, one sentence addressed to the person who sees the error. */
  hint: string
  /** True where the same call may succeed later without any change. Default false. */
  retryable?: boolean
  /** Facts that are safe to log: never keys, prompts or weights. */
  details?: Readonly<Record<string, string | number | boolean>>
  cause?: unknown
}

/**
 * The one error class of DCML. `code` is stable across releases (snake_case; the first word names the area),
 * `message` says what failed, `hint` what to do.
 */
export class DcmlError extends Error {
  override readonly name = 'DcmlError'
  readonly code: string
  readonly hint: string
  readonly retryable: boolean
  readonly details: Readonly<Record<string, string | number | boolean>>
  readonly [marker] = true

  constructor(code: string, message: string, options: DcmlErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.retryable = options.retryable ?? false
    this.details = options.details ?? {}
  }

  /** True also for an error made by another installed copy of this package. */
  static isInstance(value: unknown): value is DcmlError {
    return typeof value === 'object' && value !== null && marker in value
  }

  /** The form in which errors cross HTTP and `--json`: no stack, no cause. */
  toJSON(): { code: string; message: string; hint: string; retryable: boolean; details: DcmlError['details'] } {
    return { code: this.code, message: this.message, hint: this.hint, retryable: this.retryable, details: this.details }
  }
}
