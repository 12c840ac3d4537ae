import { DcmlError } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { asDcmlError, errorBody, loggable, statusOf } from './errors.ts'

const fault = (code: string, cause?: unknown) =>
  new DcmlError(code, 'What.', { hint: 'Do.', details: { param: 'model', retryAfter: 3 }, cause })

test('faults have OpenAI’s members and ours', () => {
  expect(JSON.parse(errorBody(fault('engine_context_overflow')))).toEqual({
    error: {
      message: 'What.',
      type: 'invalid_request_error',
      param: 'model',
      code: 'context_length_exceeded',
      dcmlCode: 'engine_context_overflow',
      hint: 'Do.',
      retryable: false,
      details: { param: 'model', retryAfter: 3 },
    },
  })
  expect(JSON.parse(errorBody(fault('model_not_ready'))).error).toMatchObject({
    type: 'server_error',
    code: 'model_not_ready',
  })
})

test('statuses', () => {
  const codes = ['request_too_large', 'overloaded', 'container_truncated', 'draining', 'never_heard_of']
  expect(codes.map((code) => statusOf(fault(code)))).toEqual([413, 429, 400, 503, 500])
})

test('a foreign error shows its class and place, and never its words', () => {
  let cause: unknown
  try {
    JSON.parse('SECRET')
  } catch (error) {
    cause = error
  }
  const error = asDcmlError(cause)
  expect(errorBody(error)).not.toContain('SECRET')
  expect(JSON.stringify(loggable(error))).not.toContain('SECRET')
  expect(loggable(error)).toMatchObject({ code: 'internal', cause: 'SyntaxError' })
  expect(loggable(error).at).not.toEqual([])
  expect(asDcmlError(fault('x'))).toMatchObject({ code: 'x' })
})

test('a message of several lines is cut off before its frames are read', () => {
  const forged = new Error('what the user said:\n    at SECRET (prompt:1:1)')
  const lines = loggable(asDcmlError(forged)).at as string[]
  expect(lines[0]).toContain('errors.test.ts')
  expect(lines.join()).not.toContain('SECRET')
  forged.message = 'what'
  expect(loggable(asDcmlError(forged)).at).toEqual([])
  expect((loggable(asDcmlError(new Error(''))).at as string[])[0]).toContain('errors.test.ts')
})
