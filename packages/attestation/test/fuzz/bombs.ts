// Inputs that are made to cost more than they weigh. Each is made when its turn comes: together they fill gigabytes.
import { concatBytes, utf8 } from '@dcml/protocol'
import { encode, grown, header } from './der.ts'
import type { Target } from './target.ts'

export type Bomb = () => Uint8Array

/** Places of one seed that are blown up, at most. */
const PLACES = 24

const repeated = (unit: Uint8Array | string, length: number): Uint8Array => {
  const one = typeof unit === 'string' ? utf8(unit) : unit
  const bytes = new Uint8Array(Math.max(0, length - (length % one.length)))
  for (let at = 0; at < bytes.length; at += one.length) bytes.set(one, at)
  return bytes
}

/** At most `most` items, spread over all. */
const spread = <T>(items: readonly T[], most: number): T[] => {
  const every = Math.max(1, Math.ceil(items.length / most))
  return items.filter((_, i) => i % every === 0)
}

/** Values within values down to the last byte, built from the inside. */
function nested(tag: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let at = length
  while (at > 5) {
    const head = header(tag, length - at)
    at -= head.length
    bytes.set(head, at)
  }
  return bytes.subarray(at)
}

function der(length: number, seeds: readonly Uint8Array[]): Bomb[] {
  const most = Math.min(length, 0xff_ffff) - 8
  return [
    () => nested(0x30, most),
    () => nested(0xa0, most),
    () => encode(0x30, repeated(Uint8Array.of(0x05, 0), most)),
    () => encode(0x30, repeated(Uint8Array.of(0x30, 0), most)),
    () => encode(0x06, repeated(Uint8Array.of(0x01), most)),
    ...seeds.flatMap((seed) => spread(grown(seed, most), PLACES)),
  ]
}

const json = (length: number, seeds: readonly Uint8Array[]): Bomb[] => [
  () => repeated('[', length),
  () => concatBytes(repeated('[', length >> 1), repeated(']', length >> 1)),
  () => concatBytes(repeated('{"a":', length - (length >> 2)), utf8('1'), repeated('}', length >> 3)),
  () => concatBytes(utf8('['), repeated('0,', length - 4), utf8('0]')),
  () => concatBytes(utf8('['), repeated('{},', length - 5), utf8('{}]')),
  () => concatBytes(utf8('"'), repeated('\\u0000', length - 2), utf8('"')),
  ...seeds.flatMap((seed) => inflated(seed, length)),
]

/** The seed with one value blown up: in depth, in breadth, as a text, as an object of many members. */
function inflated(seed: Uint8Array, length: number): Bomb[] {
  const whole = JSON.parse(new TextDecoder().decode(seed)) as unknown
  const room = length - seed.length - 16
  if (room < 0) return []
  const fillings: Bomb[] = [
    () => concatBytes(repeated('[', room >> 1), repeated(']', room >> 1)),
    () => concatBytes(utf8('['), repeated('0,', room), utf8('0]')),
    () => concatBytes(utf8('"'), repeated('ab', room), utf8('"')),
    () => concatBytes(utf8('{'), ...members(room), utf8('"":0}')),
  ]
  return spread([...pathsIn(whole)], PLACES).flatMap((path) => {
    const [before, after] = around(whole, path)
    return fillings.map((fill) => () => concatBytes(before, fill(), after))
  })
}

const members = (length: number): Uint8Array[] =>
  Array.from({ length: Math.min(50_000, Math.floor(length / 11)) }, (_, i) =>
    utf8(`"${String(i).padStart(6, '0')}":0,`),
  )

function* pathsIn(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (path.length > 0) yield path
  if (typeof value === 'object' && value !== null)
    for (const [name, member] of Object.entries(value)) yield* pathsIn(member, [...path, name])
}

const MARK = 'here the bomb goes off'

/** The text before and after one value. */
function around(whole: unknown, path: readonly string[]): [Uint8Array, Uint8Array] {
  const copy = structuredClone(whole) as Record<string, never>
  const holder = path.slice(0, -1).reduce((at, name) => at[name]!, copy)
  Object.assign(holder, { [path.at(-1)!]: MARK })
  return JSON.stringify(copy).split(`"${MARK}"`).map(utf8) as [Uint8Array, Uint8Array]
}

/** A text of 300 bytes that a general reader of XML makes a million letters of. */
const laughs = (): Uint8Array => {
  const entities = Array.from({ length: 20 }, (_, i) => `<!ENTITY a${i + 1} "&a${i};&a${i};">`)
  return utf8(`<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a0 "ha">${entities.join('')}]><l>&a20;</l>`)
}

const text = (length: number, seeds: readonly Uint8Array[]): Bomb[] => [
  laughs,
  () => repeated('-----BEGIN CERTIFICATE-----\n', length),
  () => repeated('-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n', length),
  () => repeated(' ', length),
  () => repeated('<a', length),
  () => repeated('A', length),
  ...seeds.flatMap((seed) => swollen(seed, length)),
]

/** One gap in a text filled: with blanks, and with what stood before it, again and again. */
function swollen(seed: Uint8Array, length: number): Bomb[] {
  const room = length - seed.length
  const gaps = [...new TextDecoder('latin1').decode(seed).matchAll(/[ \n>:]/g)].map(({ index }) => index)
  return spread(gaps, PLACES).flatMap((at) =>
    [utf8(' '), seed.subarray(Math.max(0, at - 40), at + 1)].map(
      (unit) => () => concatBytes(seed.subarray(0, at), repeated(unit, room), seed.subarray(at)),
    ),
  )
}

const bytes = (length: number, seeds: readonly Uint8Array[]): Bomb[] => [
  ...[0, 1, 0xff].map((byte) => () => new Uint8Array(length).fill(byte)),
  ...seeds.map((seed) => () => repeated(seed, length)),
  ...seeds.map((seed) => () => concatBytes(seed, new Uint8Array(Math.max(0, length - seed.length)))),
]

const FORMS = { der, json, text, bytes }

/**
 * Bombs for a target: its own, and of those that its form suggests, two of which are longer than it takes, a number.
 * @param length of the bombs
 * @param offset which of them
 */
export function bombsFor({ form, seeds, bombs = [] }: Target, most: number, length: number, offset: number): Bomb[] {
  const all = [...FORMS[form](length * 2, []).slice(0, 2), ...FORMS[form](length, seeds)]
  const every = Math.max(1, Math.ceil(all.length / most))
  return [...bombs, ...all.filter((_, i) => i % every === offset % every)]
}
