import { DcmlError, fromBase64url, toHex } from '@dcml/protocol'
import * as v from 'valibot'

// base64url writes 4 characters per 3 bytes; the limit is applied to the text, before anything is decoded
const textLength = (bytes: number): number => Math.ceil((bytes * 4) / 3)

const decoded = v.rawTransform<string, Uint8Array>(({ dataset, addIssue, NEVER }) => {
  try {
    return fromBase64url(dataset.value)
  } catch {
    addIssue({ message: 'not base64url' })
    return NEVER
  }
})

/** A JSON string that holds exactly `length` bytes as base64url. */
export const exactly = (length: number): v.GenericSchema<string, Uint8Array> =>
  v.pipe(v.string(), v.length(textLength(length), `not ${length} bytes`), decoded)

/** A JSON string that holds at most `max` bytes as base64url. */
export const atMost = (max: number): v.GenericSchema<string, Uint8Array> =>
  v.pipe(v.string(), v.maxLength(textLength(max), `more than ${max} bytes`), decoded)

/** A lower-case hex digest, kept as text. */
export const hexText = (length: number): v.GenericSchema<string> =>
  v.pipe(v.string(), v.regex(new RegExp(`^[0-9a-f]{${length * 2}}$`), `not ${length} bytes of lower-case hex`))

/** Text of at most `max` UTF-16 units. */
export const textUpTo = (max: number): v.GenericSchema<string> => v.pipe(v.string(), v.maxLength(max))

/** Deeper than anything of ours nests. V8 takes seconds for megabytes of brackets. */
const MAX_DEPTH = 64

/** `JSON.parse` for text of strangers. @throws SyntaxError also where it nests too deep */
export function parseJson(text: string): unknown {
  let depth = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (quoted) {
      if (character === '\\') i++
      else if (character === '"') quoted = false
    } else if (character === '"') quoted = true
    else if (character === '[' || character === '{') {
      if (++depth > MAX_DEPTH) throw new SyntaxError(`it nests more than ${MAX_DEPTH} deep`)
    } else if (character === ']' || character === '}') depth--
  }
  return JSON.parse(text)
}

/** Reads UTF-8 JSON of at most `max` bytes. @throws DcmlError with `code` */
export function readJson(input: Uint8Array | string, max: number, code: string): unknown {
  if (input.length > max) throw malformed(code, `${input.length} bytes are more than ${max}`)
  try {
    const text =
      typeof input === 'string' ? input : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input)
    return parseJson(text)
  } catch (cause) {
    throw malformed(code, 'it is not JSON in UTF-8', cause)
  }
}

/** Checks a value against its schema. @throws DcmlError with `code`, naming the first wrong field */
export function readValue<T>(schema: v.GenericSchema<unknown, T>, value: unknown, code: string): T {
  const parsed = v.safeParse(schema, value, { abortEarly: true })
  if (parsed.success) return parsed.output
  const issue = parsed.issues[0]
  const path = v.getDotPath(issue)
  throw malformed(code, path === null ? issue.message : `${path}: ${issue.message}`)
}

/** Hostile text made safe for a terminal or a log: short, and without control characters. */
export const printable = (text: string): string => text.slice(0, 200).replace(/\p{C}/gu, '?')

/** The error of one malformed object; `why` may repeat some of the input. */
export const malformed = (code: string, why: string, cause?: unknown): DcmlError =>
  new DcmlError(code, `The object cannot be read: ${printable(why)}.`, {
    hint: 'It was damaged, or made for another version of DCML.',
    cause,
  })

/** Short form of a digest for a person. */
export const short = (digest: Uint8Array): string => `${toHex(digest).slice(0, 16)}…`
