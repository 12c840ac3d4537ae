import { DcmlError } from '@dcml/protocol'

/** Facts about channels are safe to log: ids and amounts, never keys. */
type Details = Readonly<Record<string, string | number | boolean | bigint>>

interface More {
  readonly retryable?: boolean
  readonly cause?: unknown
}

/** The one way this package says no. Amounts become decimal text, because errors travel as JSON. */
export function refusal(
  code: string,
  message: string,
  hint: string,
  details: Details = {},
  more: More = {},
): DcmlError {
  const plain = Object.entries(details).map(([name, value]) => [
    name,
    typeof value === 'bigint' ? value.toString() : value,
  ])
  return new DcmlError(code, message, {
    hint,
    details: Object.fromEntries(plain),
    ...more,
  })
}
