import { expect, test } from 'vitest'
import { DcmlError } from './errors.ts'

test('carries code, hint and cause, and shows neither stack nor cause outside', () => {
  const cause = new Error('inner')
  const error = new DcmlError('port_taken', 'Port 80 is taken.', {
    hint: 'Choose another.',
    details: { port: 80 },
    cause,
  })
  expect(error.cause).toBe(cause)
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    code: 'port_taken',
    message: 'Port 80 is taken.',
    hint: 'Choose another.',
    retryable: false,
    details: { port: 80 },
  })
})

test('is recognised across copies of the package, and nothing else is', async () => {
  const copy = (await import('./errors.ts?copy' as './errors.ts')).DcmlError
  expect(copy).not.toBe(DcmlError)
  expect(DcmlError.isInstance(new copy('a', 'b', { hint: 'c' }))).toBe(true)
  for (const other of [new Error('x'), null, undefined, 'x', {}]) expect(DcmlError.isInstance(other)).toBe(false)
})
