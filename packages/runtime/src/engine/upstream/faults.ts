import { DcmlError } from '@dcml/protocol'
import { engineFailed, unsupported } from '../faults.ts'

/** Words by which vLLM, SGLang and llama-server say that a prompt is too long. */
const OVERFLOW = /context[ _-](length|size|window)|exceed_context_size/i

/**
 * What an HTTP error of the upstream means to our caller. Its text is read, never passed on: it may quote the request,
 * and our errors are logged.
 */
export function responseFault(status: number, body: string): DcmlError {
  const details = { status }
  if ((status === 400 || status === 413 || status === 422) && OVERFLOW.test(body)) {
    return new DcmlError('engine_context_overflow', 'The request does not fit into the context of the model.', {
      hint: 'Shorten the conversation, or ask for fewer tokens.',
      details,
    })
  }
  switch (status) {
    case 400:
    case 413:
    case 422:
      return new DcmlError('engine_request_invalid', 'The upstream engine refuses this request.', {
        hint: 'Check sampling options, tools and response_format against what the engine supports.',
        details,
      })
    case 404:
    case 405:
    case 501:
      return unsupported('The upstream engine does not offer this call.', 'Ask the operator which calls it serves.')
    case 429:
    case 503:
      return new DcmlError('engine_busy', 'The upstream engine takes no more requests now.', {
        hint: 'Try again in a moment.',
        retryable: true,
        details,
      })
    default:
      return new DcmlError('engine_failed', `The upstream engine answered with status ${status}.`, {
        hint: status === 401 || status === 403 ? 'The operator must check its apiKey.' : 'Try again.',
        retryable: status >= 500,
        details,
      })
  }
}

/** What a broken connection means, before the response began. */
export function connectionFault(error: unknown): DcmlError {
  if (DcmlError.isInstance(error)) return error
  if (isTimeout(error)) return timedOut(error)
  return new DcmlError('engine_unreachable', 'The upstream engine cannot be reached.', {
    hint: 'Check that it runs and that baseUrl is right.',
    retryable: true,
    cause: error,
  })
}

/** What a broken connection means, once the response has begun. */
export function streamFault(error: unknown): DcmlError {
  if (DcmlError.isInstance(error)) return error
  if (isTimeout(error)) return timedOut(error)
  return interrupted(error)
}

/** The stream ended before the answer did. */
export const interrupted = (cause?: unknown): DcmlError =>
  new DcmlError('engine_interrupted', 'The upstream engine stopped in the middle of the answer.', {
    hint: 'Try again; the part that came is incomplete.',
    retryable: true,
    cause,
  })

/** The stream is not what an OpenAI-compatible server sends. */
export const notOpenAi = (cause?: unknown): DcmlError => engineFailed(cause ?? new Error('not an OpenAI response'))

const isTimeout = (error: unknown): boolean => {
  const code = (error as { code?: unknown } | null)?.code
  return code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT'
}

const timedOut = (cause: unknown): DcmlError =>
  new DcmlError('engine_timeout', 'The upstream engine went silent.', {
    hint: 'Try again; the operator should look at its load.',
    retryable: true,
    cause,
  })
