import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DeltaWriter } from './deltas.ts'
import type { TokenLogprob } from './engine.ts'

const logprobOf = (token: string): TokenLogprob => ({ token, logprob: -1, bytes: null, top_logprobs: [] })

function write(pieces: readonly string[], stops: readonly string[]) {
  const writer = new DeltaWriter(stops)
  const sent: string[] = []
  const tokens: string[] = []
  for (const [index, piece] of pieces.entries()) {
    const delta = writer.push(piece, index + 1, logprobOf(piece))
    if (delta) sent.push(delta.text ?? '')
    tokens.push(...(delta?.logprobs ?? []).map(({ token }) => token))
    if (writer.stopped) break
  }
  const last = writer.flush(pieces.length)
  if (last) sent.push(last.text ?? '')
  tokens.push(...(last?.logprobs ?? []).map(({ token }) => token))
  return { text: sent.join(''), sent, tokens, stopped: writer.stopped }
}

/** The same rule one character at a time: the first stop string to be complete ends the text. */
function oracle(text: string, stops: readonly string[]) {
  for (let end = 1; end <= text.length; end++) {
    const done = stops.filter((stop) => stop !== '' && text.slice(0, end).endsWith(stop))
    if (done.length > 0) return { text: text.slice(0, end - Math.max(...done.map((s) => s.length))), stopped: true }
  }
  return { text, stopped: false }
}

const letters = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength })

test('any cut of any text stops at the same place and leaks no part of a stop string', () => {
  fc.assert(
    fc.property(fc.array(letters(4), { maxLength: 12 }), fc.array(letters(5), { maxLength: 3 }), (pieces, stops) => {
      const { text, stopped } = write(pieces, stops)
      expect({ text, stopped }).toEqual(oracle(pieces.join(''), stops))
    }),
    { numRuns: 2000 },
  )
})

test('a stop string that spans tokens is held back until it is disproved', () => {
  expect(write(['one E', 'N', 'D two'], ['END'])).toMatchObject({ text: 'one ', stopped: true })
  expect(write(['one E', 'N', ' two'], ['END']).sent).toEqual(['one ', 'EN two'])
})

test('text is not held back without need', () => {
  expect(write(['a', 'b', 'c'], ['xyz']).sent).toEqual(['a', 'b', 'c'])
})

test('log probabilities travel with the text of their token, in order, none after a stop', () => {
  fc.assert(
    fc.property(fc.array(letters(3), { maxLength: 10 }), fc.array(letters(4), { maxLength: 2 }), (pieces, stops) => {
      const { tokens, text, stopped } = write(pieces, stops)
      expect(tokens).toEqual(pieces.slice(0, tokens.length))
      if (stopped) expect(text.startsWith(tokens.join(''))).toBe(true)
      else expect(tokens).toEqual(pieces)
    }),
  )
})
