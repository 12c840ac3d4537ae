// What fuzzing found, each once more by itself.
import { utf8 } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { parseRequestHead } from '../../src/hpke-channel/head.ts'
import { recognise } from '../../src/services.ts'
import { readTcbInfo } from '../../src/tdx/collateral.ts'
import { Refusal } from '../../src/x509/der.ts'

const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

test('hex as long as it may be does not overflow the stack of a pattern', () => {
  expect(recognise('ab'.repeat(4_000_000))).toBeUndefined()
})

test('what is nested deeper than evidence can be is none', () => {
  expect(recognise(`{"quote":"00","event_log":${deep(100_000)}}`)).toBeUndefined()
})

test('a format that is no text is no format', () => {
  for (const format of [deep(100_000), '{"toString":1,"valueOf":1}'])
    expect(recognise(`{"format":${format}}`)).toBeUndefined()
})

test('what is no JSON is refused without repeating it', () => {
  expect(() => readTcbInfo('\u001b[2J')).toThrow(new Refusal('not JSON'))
})

test('of many faults one is told, and no list of all is made', () => {
  const wrong = Array.from({ length: 30_000 }, () => 0)
  const of = (read: () => unknown): Error => {
    try {
      read()
    } catch (error) {
      return error as Error
    }
    throw new Error('it was accepted')
  }
  const { cause } = of(() => parseRequestHead(utf8(JSON.stringify({ method: 'GET', path: '/', headers: wrong }))))
  expect(cause).toMatchObject({ issues: { length: 1 } })
})
