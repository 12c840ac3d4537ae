// Bending JSON inside its own structure, down into the strings that hold bytes.
import { fromBase64url, fromHex, toBase64url, toHex, utf8 } from '@dcml/protocol'
import { base64 } from '@scure/base'
import type { Random } from '../differential/random.ts'
import { bendBytes } from './bytes.ts'
import { bendDer } from './der.ts'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

const NAMES = ['__proto__', 'constructor', 'toString', 'length', '', 'x', '\ud800', 'v', 'tee']
const VALUES: readonly Json[] = [null, true, false, 0, -1, 1.5, 2 ** 53, 1e308, 4_294_967_296, '', '0', 'x', [], {}]
const TEXTS = [
  '\u0000',
  '\ud800',
  '\u202e',
  '\x1b[2J',
  '"',
  '\\',
  '\n',
  '-----BEGIN CERTIFICATE-----\n',
  '0x',
  '=',
  '%',
]

/** Where one value stands. */
interface Place {
  readonly holder: { [name: string]: Json }
  readonly name: string
}

function placesIn(value: Json): Place[] {
  const places: Place[] = []
  const open = [value]
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    if (typeof holder !== 'object' || holder === null) continue
    for (const name of Object.keys(holder)) {
      places.push({ holder: holder as Place['holder'], name })
      open.push((holder as Place['holder'])[name]!)
    }
  }
  return places
}

/** Encodings that a string may be in, and how to bend what it holds. */
const ENCODINGS: readonly { form: RegExp; read(text: string): Uint8Array; write(bytes: Uint8Array): string }[] = [
  { form: /^([0-9a-f]{2}){4,}$/i, read: (text) => fromHex(text), write: toHex },
  { form: /^[\w-]{8,}$/, read: fromBase64url, write: toBase64url },
  { form: /^[\w+/]{8,}=*$/, read: base64.decode, write: base64.encode },
]

function bendText(random: Random, text: string): string {
  if (/^[[{]/.test(text)) return new TextDecoder().decode(bendJson(random, utf8(text)))
  const encoding = random.below(4) > 0 ? ENCODINGS.find(({ form }) => form.test(text)) : undefined
  try {
    if (encoding) {
      const bytes = encoding.read(text)
      return encoding.write((bytes[0] === 0x30 ? bendDer : bendBytes)(random, bytes, bytes))
    }
  } catch {
    // it only looked like that
  }
  const at = random.below(text.length + 1)
  const until = at + random.below(9)
  return text.slice(0, at) + random.pick([random.pick(TEXTS), '', text.slice(0, 20)]) + text.slice(until)
}

function bendAt(random: Random, { holder, name }: Place, others: readonly Place[]): void {
  const value = holder[name]!
  const other = random.pick(others)
  switch (random.below(8)) {
    case 0:
      holder[name] = structuredClone(random.pick(VALUES))
      return
    case 1:
      if (Array.isArray(holder)) holder.splice(Number(name), 1)
      else delete holder[name]
      return
    case 2:
      Object.defineProperty(holder, random.pick(NAMES), { value, enumerable: true, configurable: true, writable: true })
      return
    case 3:
      holder[name] = structuredClone(other.holder[other.name]!)
      return
    case 4:
      holder[name] = Array.from({ length: random.pick([1, 2, 17, 40]) }, () => structuredClone(value))
      return
    default:
      if (typeof value === 'string') holder[name] = bendText(random, value)
      else if (typeof value === 'number') holder[name] = value + random.pick([-1, 1, 0.5, 2 ** 32])
      else holder[name] = structuredClone(random.pick(VALUES))
  }
}

/** One bend of one value of a JSON text, or of the text itself. */
export function bendJson(random: Random, bytes: Uint8Array, other: Uint8Array = bytes): Uint8Array {
  if (random.below(4) === 0) return bendBytes(random, bytes, other)
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Json
    const places = placesIn(value)
    if (places.length === 0) return bendBytes(random, bytes, other)
    bendAt(random, random.pick(places), places)
    return utf8(JSON.stringify(value))
  } catch {
    return bendBytes(random, bytes, other)
  }
}
