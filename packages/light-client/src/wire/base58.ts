import { fromHex, toHex } from '@dcml/protocol'
import { base58 as short } from '@scure/base'

/** Most bytes that the library takes; an ML-DSA-65 signature has 3,309. */
const SHORT = 2048

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
/** The value of each digit, by its code. */
const VALUES: (number | undefined)[] = []
for (const [value, digit] of [...ALPHABET].entries()) VALUES[digit.charCodeAt(0)] = value
/** As many digits as a number holds exactly: one step of the long number instead of nine. */
const GROUP = 9
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
    for (let digits = Number(rest % GROUP_BASE), i = 0; i < GROUP; i++, digits = Math.floor(digits / 58))
      group = ALPHABET[digits % 58] + group
    groups.unshift(group)
  }
  return '1'.repeat(leading(bytes, 0)) + groups.join('').replace(/^1+/, '')
}

function decodeLong(text: string): Uint8Array {
  let value = 0n
  for (let at = 0; at < text.length; at += GROUP) {
    const end = Math.min(at + GROUP, text.length)
    let group = 0
    for (let i = at; i < end; i++) {
      const digit = VALUES[text.charCodeAt(i)]
      if (digit === undefined) throw new Error('not base58')
      group = group * 58 + digit
    }
    value = value * (end - at === GROUP ? GROUP_BASE : 58n ** BigInt(end - at)) + BigInt(group)
  }
  const hex = value === 0n ? '' : value.toString(16)
  const bytes = fromHex(hex.padStart(hex.length + (hex.length % 2), '0'))
  const decoded = new Uint8Array(leading(text, '1') + bytes.length)
  decoded.set(bytes, decoded.length - bytes.length)
  return decoded
}

function leading<T>(values: ArrayLike<T>, value: T): number {
  let count = 0
  while (count < values.length && values[count] === value) count++
  return count
}
