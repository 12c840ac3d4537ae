import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'

/** A count of something, 1 or more. */
export const countUpTo = (most: number) => v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most)))

/** @throws DcmlError `engine_options_invalid` */
export function parseOptions<Schema extends v.GenericSchema>(schema: Schema, options: unknown): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, options)
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const option = v.getDotPath(issue) ?? 'options'
  throw new DcmlError('engine_options_invalid', `The engine cannot be set up: ${option}: ${issue.message}.`, {
    hint: 'Correct this option of the engine.',
    details: { option },
  })
}
