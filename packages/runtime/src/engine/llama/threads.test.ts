import { expect, test } from 'vitest'
import { threadsFor } from './threads.ts'

test('one thread for a small model, else one core is left to the server and eight are enough', () => {
  expect(threadsFor(15e6, 64, 64)).toBe(1)
  expect(threadsFor(7e9, 64, 64)).toBe(8)
  expect(threadsFor(7e9, 4, 8)).toBe(3)
  expect(threadsFor(7e9, 16, 2)).toBe(1)
  expect(threadsFor(7e9, 1, 1)).toBe(1)
})
