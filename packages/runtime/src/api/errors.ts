import { DcmlError } from '@dcml/protocol'

/** HTTP status of every code that can reach a caller; the rest is 500. */
const STATUS: Readonly<Record<string, number>> = {
  request_malformed: 400,
  request_invalid: 400,
  wire_invalid: 400,
  request_needs_memory: 400,
  engine_context_overflow: 400,
  engine_unsupported: 400,
  engine_request_invalid: 400,
  grant_malformed: 400,
  grant_wrong_chain: 400,
  evidence_malformed: 400,
  evidence_request_invalid: 400,
  bytes_not_base64url: 400,
  light_client_head_unknown: 409,
  event_head_fresh: 409,
  log_head_fresh: 409,
  channel_event_foreign: 400,
  channel_event_invalid: 400,
  voucher_malformed: 400,
  closure_request_malformed: 400,
  channel_closing_malformed: 400,
  sealed_unreadable: 400,
  channel_truncated: 400,
  channel_tampered: 400,
  channel_version_unknown: 400,
  por_streamed: 400,
  payment_bound_missing: 400,
  operator_token_wrong: 401,
  payment_required: 402,
  voucher_foreign: 403,
  voucher_forged: 403,
  closure_request_foreign: 403,
  closure_request_forged: 403,
  channel_not_ours: 403,
  admin_host_refused: 403,
  origin_refused: 403,
  grant_model_refused: 403,
  grant_sk_wrong: 403,
  model_refused: 403,
  attestation_refused: 403,
  peer_challenge_missing: 403,
  peer_refused: 403,
  route_not_found: 404,
  model_not_found: 404,
  channel_unknown: 404,
  channel_session_unknown: 404,
  por_app_unknown: 404,
  model_busy: 409,
  model_already_loaded: 409,
  sk_already_set: 409,
  sk_missing: 409,
  grant_other_model: 409,
  peer_is_self: 409,
  voucher_stale: 409,
  por_stale: 409,
  por_replayed: 409,
  channel_replayed: 409,
  voucher_beyond_deposit: 409,
  channel_challenge_unknown: 409,
  channel_ended: 410,
  channel_expired: 410,
  channel_deadline_passed: 410,
  request_too_large: 413,
  sealed_too_large: 413,
  request_not_json: 415,
  overloaded: 429,
  light_client_busy: 429,
  engine_unmetered: 501,
  engine_unreachable: 502,
  engine_interrupted: 502,
  peer_unreachable: 502,
  model_not_ready: 503,
  draining: 503,
  engine_closed: 503,
  engine_busy: 503,
  quote_busy: 503,
  quote_failed: 503,
  keys_full: 503,
  rollback_memory_full: 503,
  channels_full: 503,
  por_full: 503,
  channel_state_unsure: 503,
  engine_timeout: 504,
  tmpfs_full: 507,
}

/** Codes that OpenAI's clients already act upon keep OpenAI's name on the wire. */
const OPENAI_CODE: Readonly<Record<string, string>> = {
  engine_context_overflow: 'context_length_exceeded',
  overloaded: 'rate_limit_exceeded',
}

const TYPE: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'payment_required',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
}

/**
 * A sealed model that cannot be used is the fault of who named it, whichever of the container's checks says so; and so is
 * a proof that proves nothing, whichever of the light client's.
 */
export const statusOf = ({ code }: DcmlError): number =>
  STATUS[code] ?? (/^(container|block|event|log|near)_/.test(code) ? 400 : 500)

/**
 * The error as OpenAI's clients read it. Beside OpenAI's members it carries `hint`, `retryable` and, where OpenAI
 * has its own name for the fault, ours as `dcmlCode`.
 * @param more members beside `error`
 */
export function errorBody(error: DcmlError, more: object = {}): string {
  const status = statusOf(error)
  const code = OPENAI_CODE[error.code]
  return JSON.stringify({
    error: {
      message: error.message,
      type: TYPE[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error'),
      param: error.details.param ?? null,
      code: code ?? error.code,
      ...(code !== undefined && { dcmlCode: error.code }),
      hint: error.hint,
      retryable: error.retryable,
      details: error.details,
    },
    ...more,
  })
}

/** Any fault as a `DcmlError`. What we did not foresee says nothing about itself: its text may hold a prompt. */
export const asDcmlError = (error: unknown): DcmlError =>
  DcmlError.isInstance(error)
    ? error
    : new DcmlError('internal', 'The runtime failed in a way it did not foresee.', {
        hint: 'Ask the host for the log line with this request id.',
        cause: error,
      })

/**
 * What may be logged of a fault: our own words, or for a foreign error its class and where it was thrown. Messages of
 * foreign errors are left out, since `JSON.parse` for one quotes its input.
 */
export function loggable(error: DcmlError): Record<string, unknown> {
  const { cause } = error
  return {
    code: error.code,
    message: error.message,
    ...error.details,
    ...(DcmlError.isInstance(cause)
      ? { cause: cause.code, ...(cause.details.reason && { reason: cause.details.reason }) }
      : cause instanceof Error && { cause: cause.name, at: frames(cause) }),
  }
}

/** The lines below the message, which may have lines of its own that look like frames. */
function frames({ stack = '', message }: Error): string[] {
  const begin = message === '' ? stack.indexOf('\n') : stack.indexOf(message) + message.length
  // a message that was changed after the stack was written cannot be told from frames
  if (!stack.includes(message) || stack[begin] !== '\n') return []
  return stack
    .slice(begin + 1)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .map((line) => line.trim())
}
