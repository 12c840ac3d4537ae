import fc from 'fast-check'
import type { LlamaModel, Token } from 'node-llama-cpp'
import { expect, test } from 'vitest'
import { TokenText } from './text.ts'

/** A model whose tokens are bytes, the worst case: every character beyond ASCII spans tokens. */
const bytesModel = {
  detokenize: (tokens: readonly Token[]) => new TextDecoder().decode(Uint8Array.from(tokens)),
}

function pieces(bytes: Iterable<number>): string[] {
  const text = new TokenText(bytesModel as Pick<LlamaModel, 'detokenize'>, [])
  return [...Array.from(bytes, (byte) => text.push(byte as Token)), text.flush()]
}

test('text comes in whole characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (original) => {
      fc.pre(!original.includes('\uFFFD') && !original.includes('\uFEFF'))
      const got = pieces(new TextEncoder().encode(original))
      expect(got.join('')).toBe(original)
      for (const piece of got) expect(piece.isWellFormed() && !piece.includes('\uFFFD')).toBe(true)
    }),
  )
})

test('bytes that are no text come out as they decode in one go', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(pieces(bytes).join('')).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
    }),
  )
})

test('a character is sent with its last byte, not later', () => {
  expect(pieces(new TextEncoder().encode('a€b'))).toEqual(['a', '', '', '€', 'b', ''])
})
