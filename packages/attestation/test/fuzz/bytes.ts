// Bending bytes that mean nothing to whoever bends them.
import { concatBytes } from '@dcml/protocol'
import type { Random } from '../differential/random.ts'

const NOTABLE = [0, 1, 2, 3, 4, 0x10, 0x30, 0x7e, 0x7f, 0x80, 0x81, 0x83, 0x84, 0xa0, 0xfe, 0xff]
const NUMBERS = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
]

type Bend = (random: Random, bytes: Uint8Array, other: Uint8Array) => Uint8Array

/** A stretch of at most `most` bytes, anywhere. */
function stretch(random: Random, { length }: Uint8Array, most: number): readonly [from: number, until: number] {
  const from = random.below(length + 1)
  return [from, Math.min(length, from + random.below(most + 1))]
}

const replace = (bytes: Uint8Array, from: number, until: number, by: Uint8Array): Uint8Array =>
  concatBytes(bytes.subarray(0, from), by, bytes.subarray(until))

const span = (random: Random): number => random.pick([1, 2, 4, 16, 64, 1024])

/** Writes a number over 1 to 8 bytes, of either byte order: any of them may be a length or a count. */
function overwriteNumber(random: Random, bytes: Uint8Array): Uint8Array {
  const width = random.pick([1, 2, 3, 4, 8])
  const at = random.below(Math.max(1, bytes.length - width + 1))
  const near = random.pick([bytes.length, bytes.length - at, random.below(bytes.length + 1)]) + random.below(5) - 2
  let rest = Math.max(0, random.below(2) ? random.pick(NUMBERS) : near)
  const digits = Array.from({ length: width }, () => {
    const digit = rest % 256
    rest = Math.floor(rest / 256)
    return digit
  })
  const number = Uint8Array.from(random.below(2) ? digits : digits.reverse())
  return replace(bytes, at, Math.min(bytes.length, at + width), number)
}

const BENDS: readonly Bend[] = [
  (random, bytes) => {
    const bent = bytes.slice()
    if (bent.length > 0) bent[random.below(bent.length)]! ^= 1 << random.below(8)
    return bent
  },
  (random, bytes) => {
    const bent = bytes.slice()
    if (bent.length > 0) bent[random.below(bent.length)] = random.pick(NOTABLE)
    return bent
  },
  overwriteNumber,
  (random, bytes) => replace(bytes, ...stretch(random, bytes, span(random)), new Uint8Array()),
  (random, bytes) => replace(bytes, ...stretch(random, bytes, 0), random.bytes(random.below(span(random) + 1))),
  // noise, or something that is there already, over something else
  (random, bytes) => replace(bytes, ...stretch(random, bytes, span(random)), random.bytes(random.below(16))),
  (random, bytes) => {
    const [from, until] = stretch(random, bytes, span(random))
    return replace(bytes, ...stretch(random, bytes, span(random)), bytes.subarray(from, until))
  },
  // the head of one, the tail of another
  (random, bytes, other) => {
    const at = random.below(bytes.length + 1)
    const from = random.below(2) ? at : random.below(other.length + 1)
    return concatBytes(bytes.subarray(0, at), other.subarray(from))
  },
  (random, bytes) => bytes.slice(0, random.below(bytes.length + 1)),
  (random, bytes) => concatBytes(bytes, new Uint8Array(random.below(300)).fill(random.pick(NOTABLE))),
]

/** One bend: a bit, a byte, a number, or a stretch that is changed, cut, repeated or spliced from another input. */
export const bendBytes: Bend = (random, bytes, other) => random.pick(BENDS)(random, bytes, other)
