import type { Shape } from '../contract/schema/types.ts'
import { spelt } from './from-shape.ts'

/** `max_total_log_length` of NEAR's limits, for all logs of one call together. */
const MOST_LOGGED = 16_384

/** A control character takes six bytes, `\u0001`; every other UTF-16 code unit at most three. */
const WORST_CHARACTER = 6

/**
 * A log over NEAR's limit fails the call. A text that a stranger made that long could keep a payout from ever passing,
 * so each event has to fit whatever its fields hold.
 * @throws Error for one that may not
 */
export function checkEventSize(
  name: { readonly standard: string; readonly version: string; readonly event: string },
  fields: Readonly<Record<string, Shape>>,
): void {
  const most = bytesOf(`EVENT_JSON:${JSON.stringify({ ...name, data: null })}`) + longest({ kind: 'record', fields })
  if (most > MOST_LOGGED)
    throw new Error(
      `event ${name.event} may take ${most} bytes of log, and a call has ${MOST_LOGGED}: bound its fields`,
    )
}

/** Most bytes of a value's JSON as a contract writes it. */
function longest(shape: Shape): number {
  switch (shape.kind) {
    case 'text':
      return shape.max * WORST_CHARACTER + 2
    case 'uint':
      return `${2n ** BigInt(shape.bits) - 1n}`.length + 2
    case 'flag':
      return 5
    case 'account':
      return 64 + 2
    case 'bytes':
      return spelt(shape.as, shape.max) + 2
    case 'choice':
      return Math.max(...shape.of.map((word) => bytesOf(JSON.stringify(word))))
    case 'list':
      return shape.max * (longest(shape.item) + 1) + 2
    case 'optional':
      return Math.max(longest(shape.of), 4)
    case 'record':
      return Object.entries(shape.fields).reduce(
        (sum, [key, field]) => sum + bytesOf(JSON.stringify(key)) + longest(field) + 2,
        2,
      )
  }
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length
