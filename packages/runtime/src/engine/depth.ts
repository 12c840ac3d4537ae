import { DcmlError } from '@dcml/protocol'

/** Levels of JSON; a schema takes two for each of its own. */
const MAX_DEPTH = 64

/**
 * Engines walk JSON schemas by recursion, some in native code, where a deep one overflows the stack.
 * @throws DcmlError `engine_request_invalid`
 */
export function requireShallow(value: unknown, levels: number = MAX_DEPTH): void {
  if (typeof value !== 'object' || value === null) return
  if (levels === 0)
    throw new DcmlError(
      'engine_request_invalid',
      `A schema of the request is nested deeper than ${MAX_DEPTH} levels.`,
      {
        hint: 'Use a flatter JSON schema in tools or response_format.',
      },
    )
  for (const member of Object.values(value)) requireShallow(member, levels - 1)
}
