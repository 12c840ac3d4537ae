import { expect, test } from 'vitest'
import { printable } from './output.ts'

test('takes the escapes out of what a model says, and leaves its words and lines', () => {
  expect(printable('one\ttwo\nthree äöü 漢字')).toBe('one\ttwo\nthree äöü 漢字')
  expect(printable('\u001b[2J\u001b]0;title\u0007\u009b31m\r')).toBe('\ufffd[2J\ufffd]0;title\ufffd\ufffd31m\ufffd')
})
