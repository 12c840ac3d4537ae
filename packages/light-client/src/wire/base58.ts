import { fromHex, toHex } from '@dcml/protocol'
import { base58 as short } from '@scure/base'

/** Most bytes that the library takes; an ML-DSA-65 signature has 3,309. */
const SHORT = 2048

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
/** Ten digits at a time: one division of the long number instead of ten. */
const GROUP = 10
const GROUP_BASE = 58n ** BigInt(GROUP)

/** Base58 of any length. Time is quadratic: whoever decodes bounds the text first. */
export const base58 = {
  encode: (bytes: Uint8Array): string => (bytes.length <= SHORT ? short.encode(bytes) : encodeLong(bytes)),
  /** @throws Error on anything but base58 */
  decode: (text: string): Uint8Array => (text.length <= SHORT ? short.decode(text) : decodeLong(text)),
}

function encodeLong(bytes: Uint8Array): string {
  const groups: string[] = []
  for (let rest = BigInt(`0x${toHex(bytes)}`); rest > 0n; rest /= GROUP_BASE) {
    let group = ''
    for (let digits = rest % GROUP_BASE, i = 0; i < GROUP; i++, digits /= 58n)
      group = ALPHABET[Number(digits % 58n)] + group
    groups.unshift(group)
  }
  return '1'.repeat(leading(bytes, 0)) + groups.join('').replace(/^1+/, '')
}

function decodeLong(text: string): Uint8Array {
  const digits = Array.from(text, (character) => ALPHABET.indexOf(character))
  if (digits.includes(-1)) throw new Error('not base58')
  let value = 0n
  for (let i = 0; i < digits.length; i += GROUP) {
    const group = digits.slice(i, i + GROUP)
    value = value * 58n ** BigInt(group.length) + group.reduce((sum, digit) => sum * 58n + BigInt(digit), 0n)
  }
  const hex = value === 0n ? '' : value.toString(16)
  const bytes = fromHex(hex.padStart(hex.length + (hex.length % 2), '0'))
  const decoded = new Uint8Array(leading(digits, 0) + bytes.length)
  decoded.set(bytes, decoded.length - bytes.length)
  return decoded
}

function leading(values: ArrayLike<number>, value: number): number {
  let count = 0
  while (count < values.length && values[count] === value) count++
  return count
}
