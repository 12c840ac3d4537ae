// Bending DER inside its own structure: one value is changed, and all lengths around it follow, so that what lies deep
// inside is reached.
import { concatBytes } from '@dcml/protocol'
import type { Random } from '../differential/random.ts'
import { bendBytes } from './bytes.ts'

interface Value {
  readonly start: number
  readonly contents: number
  readonly end: number
}

/** The values that fill a stretch; undefined where it is not made of values. */
function valuesIn(bytes: Uint8Array, from: number, until: number): Value[] | undefined {
  const values: Value[] = []
  for (let at = from; at < until; ) {
    const first = bytes[at + 1] ?? 0xff
    const more = first < 0x80 ? 0 : first & 0x7f
    if (more > 3) return undefined
    let length = more === 0 ? first : 0
    for (let i = 0; i < more; i++) length = length * 256 + (bytes[at + 2 + i] ?? 0)
    const contents = at + 2 + more
    if (contents + length > until) return undefined
    values.push({ start: at, contents, end: contents + length })
    at = contents + length
  }
  return values.length > 0 ? values : undefined
}

/** Tag and length of a value (X.690 §10.1: the shortest length). */
export function header(tag: number, length: number): Uint8Array {
  const octets = [length >> 16, (length >> 8) & 0xff, length & 0xff]
  while (octets.length > 1 && octets[0] === 0) octets.shift()
  if (length >= 0x80) octets.unshift(0x80 + octets.length)
  return Uint8Array.of(tag, ...octets)
}

export const encode = (tag: number, contents: Uint8Array): Uint8Array =>
  concatBytes(header(tag, contents.length), contents)

const TAGS = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x17, 0x18, 0x30, 0x31, 0x80, 0xa0, 0xa1, 0xa3]

/** From the outermost value down to the one that is bent. */
function descend(random: Random, bytes: Uint8Array): Value[] {
  const path: Value[] = []
  let [from, until] = [0, bytes.length]
  for (;;) {
    // behind the count of unused bits a BIT STRING may hold DER too
    const values = valuesIn(bytes, from, until) ?? valuesIn(bytes, from + 1, until)
    if (values === undefined) return path
    const value = random.pick(values)
    path.push(value)
    if (random.below(6) === 0) return path
    from = value.contents
    until = value.end
  }
}

function bendValue(random: Random, bytes: Uint8Array, { start, contents, end }: Value, other: Uint8Array): Uint8Array {
  const whole = bytes.subarray(start, end)
  const inside = bytes.subarray(contents, end)
  const tag = bytes[start]!
  switch (random.below(9)) {
    case 0:
      return new Uint8Array()
    case 1:
      return concatBytes(whole, whole)
    case 2:
      return encode(random.pick(TAGS), inside)
    case 3:
      return encode(random.pick([tag, 0x30, 0x04, 0xa0]), whole)
    case 4: {
      const taken = descend(random, other).at(-1)
      return taken ? other.subarray(taken.start, taken.end) : whole
    }
    case 5:
      return encode(tag, new Uint8Array())
    case 6: // the same length in more bytes than it takes, or none
      return concatBytes(Uint8Array.of(tag), random.pick(LENGTHS), inside)
    default:
      return encode(tag, bendBytes(random, inside, inside))
  }
}

const LENGTHS = [[0x80], [0x81, 0x00], [0x82, 0xff, 0xff], [0x83, 0xff, 0xff, 0xff], [0x84, 0, 0, 0, 1], [0xff]].map(
  (octets) => Uint8Array.from(octets),
)

/** `bytes` with other bytes for the last value of `path`, and the lengths of all that holds it written anew. */
function rebuild(bytes: Uint8Array, path: readonly Value[], by: Uint8Array): Uint8Array {
  let { start, end } = path.at(-1)!
  let bent = by
  for (const outer of path.slice(0, -1).reverse()) {
    const around = [bytes.subarray(outer.contents, start), bent, bytes.subarray(end, outer.end)]
    bent = encode(bytes[outer.start]!, concatBytes(...around))
    start = outer.start
    end = outer.end
  }
  return concatBytes(bytes.subarray(0, start), bent, bytes.subarray(end))
}

/** One bend of one value, with the lengths of all that holds it written anew. */
export function bendDer(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const path = descend(random, bytes)
  const value = path.at(-1)
  if (value === undefined || random.below(5) === 0) return bendBytes(random, bytes, other)
  return rebuild(bytes, path, bendValue(random, bytes, value, other))
}

function* lists(bytes: Uint8Array, from = 0, until = bytes.length, above: readonly Value[] = []): Generator<Value[]> {
  for (const value of valuesIn(bytes, from, until) ?? valuesIn(bytes, from + 1, until) ?? []) {
    const path = [...above, value]
    if (valuesIn(bytes, value.contents, value.end)) yield path
    yield* lists(bytes, value.contents, value.end, path)
  }
}

/** For each list inside: the same bytes with its last value repeated until `length` is reached. */
export const grown = (bytes: Uint8Array, length: number): (() => Uint8Array)[] =>
  [...lists(bytes)].map((path) => () => {
    const { start, contents, end } = path.at(-1)!
    const last = valuesIn(bytes, contents, end)!.at(-1)!
    const unit = bytes.subarray(last.start, last.end)
    const times = Math.max(1, Math.floor((length - bytes.length - 4 * path.length) / unit.length))
    const more = new Uint8Array(unit.length * times)
    for (let i = 0; i < times; i++) more.set(unit, i * unit.length)
    return rebuild(bytes, path, encode(bytes[start]!, concatBytes(bytes.subarray(contents, end), more)))
  })
