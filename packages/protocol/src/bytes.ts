import { base64urlnopad, hex } from '@scure/base'
import { DcmlError } from './errors.ts'

/** Lower-case hex, no prefix. */
export const toHex = (bytes: Uint8Array): string => hex.encode(bytes)

/**
 * Reads lower- or upper-case hex.
 * @param length expected number of bytes
 * @throws DcmlError `bytes_not_hex` on any other character or length
 */
export function fromHex(text: string, length?: number): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = hex.decode(text.toLowerCase())
  } catch (cause) {
    throw new DcmlError('bytes_not_hex', 'The value is not hex.', { hint: 'Use pairs of 0-9 and a-f.', cause })
  }
  if (length !== undefined && bytes.length !== length)
    throw new DcmlError('bytes_not_hex', `The value has ${bytes.length} bytes, not ${length}.`, {
      hint: `Give exactly ${length * 2} hex digits.`,
    })
  return bytes
}

/** Base64url without padding (RFC 4648 §5), the form of bytes in our JSON. */
export const toBase64url = (bytes: Uint8Array): string => base64urlnopad.encode(bytes)

/** @throws DcmlError `bytes_not_base64url` on padding, other characters or non-canonical trailing bits */
export function fromBase64url(text: string): Uint8Array {
  try {
    return base64urlnopad.decode(text)
  } catch (cause) {
    throw new DcmlError('bytes_not_base64url', 'The value is not base64url.', {
      hint: 'Use A-Z a-z 0-9 - _ without padding.',
      cause,
    })
  }
}

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

/** Compares in time that depends on the lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!
  return difference === 0
}
