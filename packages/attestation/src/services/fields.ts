// How other services spell bytes and numbers in JSON. Every length is limited before anything is decoded.
import { DcmlError, fromHex } from '@dcml/protocol'
import { base64 } from '@scure/base'
import * as v from 'valibot'
import { parseJson, printable } from '../evidence/fields.ts'

/** Hex of either case, with or without `0x`. */
const hex = (min: number, max: number): v.GenericSchema<string, Uint8Array> =>
  v.pipe(
    v.string(),
    v.maxLength(max * 2 + 2, `more than ${max} bytes`),
    v.regex(/^(0[xX])?([0-9a-fA-F]{2})*$/, 'not hex'),
    v.transform((text) => fromHex(text.replace(/^0x/i, ''))),
    v.check(({ length }) => min <= length && length <= max, `not ${min === max ? min : `at most ${max}`} bytes`),
  )

/** Exactly `length` bytes as hex. */
export const hexOf = (length: number): v.GenericSchema<string, Uint8Array> => hex(length, length)

/** At most `max` bytes as hex. */
export const hexUpTo = (max: number): v.GenericSchema<string, Uint8Array> => hex(0, max)

/** At most `max` bytes as base64 with padding (RFC 4648 §4). */
export const base64UpTo = (max: number): v.GenericSchema<string, Uint8Array> =>
  v.pipe(
    v.string(),
    v.maxLength(Math.ceil(max / 3) * 4, `more than ${max} bytes`),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        return base64.decode(dataset.value)
      } catch {
        addIssue({ message: 'not base64' })
        return NEVER
      }
    }),
  )

/** A member that some versions leave out and others send as null. */
export const maybe = <Schema extends v.GenericSchema>(schema: Schema) =>
  v.pipe(
    v.nullish(schema),
    v.transform((value) => value ?? undefined),
  )

/** JSON inside a JSON string, or the value itself: services differ, and change their minds. */
export const perhapsText = <Schema extends v.GenericSchema>(schema: Schema, max: number) =>
  v.pipe(
    v.unknown(),
    v.rawTransform<unknown, unknown>(({ dataset: { value }, addIssue, NEVER }) => {
      if (typeof value !== 'string') return value
      try {
        if (value.length <= max) return parseJson(value)
      } catch {
        // told below
      }
      addIssue({ message: `not JSON of at most ${max} characters` })
      return NEVER
    }),
    schema,
  )

/**
 * Reads an object that was recognised by its members.
 * @throws DcmlError `service_evidence_malformed`, naming the first wrong field
 */
export function readAs<Schema extends v.GenericSchema>(
  what: string,
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, value, { abortEarly: true })
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const path = v.getDotPath(issue)
  throw malformed(what, path === null ? issue.message : `${path}: ${issue.message}`)
}

/** It looks like `what`, and cannot be read as that. */
export const malformed = (what: string, why: string): DcmlError =>
  new DcmlError('service_evidence_malformed', `This looks like ${what}, but cannot be read: ${printable(why)}.`, {
    hint: 'It was damaged, or the service has changed its format since this version of DCML.',
  })
