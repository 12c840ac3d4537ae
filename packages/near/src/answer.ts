import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'

/** What a node answers is input like any other. @throws DcmlError `near_answer_invalid` */
export function parse<T>(schema: v.GenericSchema<unknown, T>, answer: unknown, what: string): T {
  const result = v.safeParse(schema, answer)
  if (result.success) return result.output
  const { message, path } = result.issues[0]
  throw new DcmlError('near_answer_invalid', `The node’s answer to ${what} is not what NEAR says: ${message}`, {
    hint: 'Ask another node; if all say the same, this client is too old for the network.',
    details: { at: path?.map(({ key }) => String(key)).join('.') ?? '' },
  })
}
