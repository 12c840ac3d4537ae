import { DcmlError } from '@dcml/protocol'

type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown

/**
 * Reads JSON without rounding: an integer that a JavaScript number cannot hold becomes a bigint. `JSON.parse` would
 * turn 1645506889152004146 into 1645506889152004000 without a word. Numbers with a fraction or an exponent stay numbers.
 * @throws DcmlError `json_invalid` on anything but JSON in UTF-8, on an integer of more than 80 digits or a number beyond
 * 10^308, and where the platform hides the digits of such an
 * integer
 */
export function parseExactJson(input: string | Uint8Array): unknown {
  try {
    const text =
      typeof input === 'string' ? input : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input)
    return JSON.parse(text, exact as Parameters<typeof JSON.parse>[1])
  } catch (cause) {
    if (DcmlError.isInstance(cause)) throw cause
    throw new DcmlError('json_invalid', 'The text is not JSON.', {
      hint: 'Check that this is the right file or answer.',
      cause,
    })
  }
}

const exact: Reviver = (_, value, context) => {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  if (Number.isFinite(value) && !Number.isInteger(value)) return value
  const source = context?.source
  if (source === undefined)
    throw new DcmlError('json_invalid', 'The JSON holds an integer that this platform cannot read exactly.', {
      hint: 'Use a platform with JSON.parse source text access (2024 or later).',
    })
  if (/^-?\d{1,80}$/.test(source)) return BigInt(source)
  if (Number.isFinite(value) && /[.e]/i.test(source)) return value
  throw new DcmlError('json_invalid', 'The JSON holds a number of more digits than anything on NEAR.', {
    hint: 'Check that this is the right file or answer.',
  })
}
