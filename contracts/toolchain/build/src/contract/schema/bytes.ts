import { base64ToBytes, bytesToBase64, bytesToHex, hexToBytes } from '../host.ts'
import { misfit, type Schema } from './types.ts'

const ESCAPED = 6

/** Exactly `length` bytes in lower-case hex: hashes and keys that people compare by eye. */
export const hex = (length: number): Schema<Uint8Array> => ({
  kind: 'bytes',
  as: 'hex',
  min: length,
  max: length,
  longest: length * 2 * ESCAPED + 2,
  parse(json) {
    // two spellings of the same bytes would make two keys for one thing
    if (typeof json !== 'string' || json.length !== length * 2 || json !== json.toLowerCase())
      misfit(`${length} bytes in lower-case hex`)
    return hexToBytes(json)
  },
  format: (value) => (value.length === length ? bytesToHex(value) : misfit(`${length} bytes`)),
})

/** Up to `max` bytes in padded base64, of which the engine accepts one spelling only. */
export function base64(max: number, min = 0): Schema<Uint8Array> {
  const most = Math.ceil(max / 3) * 4
  const check = (value: Uint8Array): Uint8Array =>
    value.length >= min && value.length <= max ? value : misfit(`${min} to ${max} bytes`)
  return {
    kind: 'bytes',
    as: 'base64',
    min,
    max,
    longest: most * ESCAPED + 2,
    parse: (json) =>
      typeof json === 'string' && json.length <= most
        ? check(base64ToBytes(json))
        : misfit(`${min} to ${max} bytes in base64`),
    format: (value) => bytesToBase64(check(value)),
  }
}
