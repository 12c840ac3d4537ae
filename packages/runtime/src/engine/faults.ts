import { DcmlError } from '@dcml/protocol'

/** The prompt leaves no room for a single token of answer. `promptTokens` may be a lower bound. */
export const contextOverflow = (promptTokens: number, contextLength: number): DcmlError =>
  new DcmlError(
    'engine_context_overflow',
    `The prompt has at least ${promptTokens} tokens, the model holds ${contextLength}.`,
    {
      hint: 'Shorten the conversation, or use a model with a longer context.',
      details: { promptTokens, contextLength },
    },
  )

/** The engine was closed before or during the call. */
export const engineClosed = (): DcmlError =>
  new DcmlError('engine_closed', 'The engine is closed.', {
    hint: 'Load the model again, or ask another node.',
    retryable: true,
  })

/** This engine cannot do what the request asks for. */
export const unsupported = (what: string, hint: string, cause?: unknown): DcmlError =>
  new DcmlError('engine_unsupported', what, { hint, cause })

/** The engine broke while working on a valid request. */
export const engineFailed = (cause: unknown): DcmlError =>
  new DcmlError('engine_failed', 'The engine failed while answering.', {
    hint: 'Try again; if it persists, the operator finds the cause in the log.',
    retryable: true,
    cause,
  })
