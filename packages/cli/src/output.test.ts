import { expect, test } from 'vitest'
import { line, printable } from './output.ts'

test('takes the escapes out of what a model says, and leaves its words and lines', () => {
  expect(printable('one\ttwo\nthree äöü 漢字')).toBe('one\ttwo\nthree äöü 漢字')
  expect(printable('\u001b[2J\u001b]0;title\u0007\u009b31m\r')).toBe('\ufffd[2J\ufffd]0;title\ufffd\ufffd31m\ufffd')
})

test('makes one line of what a host says, in the order in which it is written', () => {
  expect(line('x\n\nHOLDS\u2028\u202e\u001b[2J äöü 漢字')).toBe('x\ufffd\ufffdHOLDS\ufffd\ufffd\ufffd[2J äöü 漢字')
})
