import { concatBytes, toHex } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { chatPairs } from './chat.ts'
import { tokenize } from './tokenizer.ts'

/** Tokens to train on, and tokens kept aside to measure with. */
export interface Corpus {
  /** Where the text came from and how it was cut, for the record. */
  source: Readonly<Record<string, string | number>>
  /** Names the raw data as modelH names a model: SHA-256 of the manifest of its files, hex (paper §5). */
  rawH: string
  train: Uint16Array
  validation: Uint16Array
  /** SHA-256 of both token streams (u16, little-endian), hex: what a checkpoint belongs to. */
  tokensH: string
}

/** Of so many parts one is kept for validation. */
const PARTS = 20

/**
 * Makes chat exchanges of texts and tokens of those, and holds one part in twenty out for validation: every 20th text,
 * or, of fewer texts, the last exchanges.
 * @param seed picks questions and lengths of answers
 */
export function chatCorpus(texts: readonly string[], seed: number, origin: Pick<Corpus, 'source' | 'rawH'>): Corpus {
  const groups = chatPairs(texts, seed)
  const parts = groups.length >= PARTS ? groups : divide(groups.flat())
  const kept = parts.filter((_, index) => index % PARTS !== PARTS - 1)
  const heldOut = parts.filter((_, index) => index % PARTS === PARTS - 1)
  return tokenCorpus(kept.flat().join(''), heldOut.flat().join(''), origin)
}

/** A corpus of two texts as they are; special tokens may be written out. */
export function tokenCorpus(train: string, validation: string, origin: Pick<Corpus, 'source' | 'rawH'>): Corpus {
  const streams = [tokenize(train), tokenize(validation)] as const
  return {
    ...origin,
    train: streams[0],
    validation: streams[1],
    tokensH: toHex(sha256(concatBytes(...streams.map(littleEndian)))),
  }
}

function divide(pairs: string[]): string[][] {
  const cut = (part: number): number => Math.floor((part * pairs.length) / PARTS)
  return Array.from({ length: PARTS }, (_, part) => pairs.slice(cut(part), cut(part + 1)))
}

function littleEndian(ids: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(ids.length * 2)
  const view = new DataView(bytes.buffer)
  for (const [index, id] of ids.entries()) view.setUint16(index * 2, id, true)
  return bytes
}
