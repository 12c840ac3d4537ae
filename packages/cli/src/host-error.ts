import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'

const schema = v.looseObject({
  error: v.looseObject({
    message: v.string(),
    code: v.nullish(v.string()),
    hint: v.optional(v.string()),
    details: v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
  }),
})

/** The host's own words about what went wrong, as an error of ours. */
export function hostError(body: unknown): DcmlError {
  const parsed = v.safeParse(schema, body)
  if (!parsed.success) return new DcmlError('host_error', 'The host refused.', { hint: 'It gave no reason.' })
  const { code, message, hint, details = {} } = parsed.output.error
  return new DcmlError(code ?? 'host_error', message, { hint: hint ?? 'The host said no more than this.', details })
}
