import { base64 } from '@scure/base'
import { Refusal } from './der.ts'

const BEGIN = '-----BEGIN CERTIFICATE-----'
const END = '-----END CERTIFICATE-----'
const MAX_CHARACTERS = 16_384

/**
 * Reads certificates in the strict form of RFC 7468 §3: full lines of 64, one newline between any two lines, nothing
 * else. No byte of the text can change without changing a certificate or being refused.
 */
export function readPem(text: string): Uint8Array[] {
  if (text.length > MAX_CHARACTERS) throw new Refusal(`PEM: above ${MAX_CHARACTERS} characters`)
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  const certificates: Uint8Array[] = []
  let body: string[] | undefined
  for (const line of lines) {
    if (body === undefined) {
      if (line !== BEGIN) throw new Refusal('PEM: expected a certificate to begin')
      body = []
    } else if (line === END) {
      certificates.push(decode(body))
      body = undefined
    } else body.push(line)
  }
  if (body !== undefined) throw new Refusal('PEM: certificate not ended')
  return certificates
}

function decode(lines: string[]): Uint8Array {
  const shaped =
    lines.length > 0 &&
    lines.every(({ length }, i) => (i < lines.length - 1 ? length === 64 : length > 0 && length <= 64))
  if (!shaped) throw new Refusal('PEM: lines are not 64 characters')
  try {
    return base64.decode(lines.join(''))
  } catch {
    throw new Refusal('PEM: not base64')
  }
}
