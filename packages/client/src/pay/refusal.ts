import { DcmlError } from '@dcml/protocol'

type Details = Readonly<Record<string, string | bigint>>

/** How paying says no. Amounts become decimal text, because errors travel as JSON. */
export const refusal = (
  code: string,
  message: string,
  hint: string,
  details: Details = {},
  cause?: unknown,
): DcmlError =>
  new DcmlError(code, message, {
    hint,
    details: Object.fromEntries(Object.entries(details).map(([name, value]) => [name, String(value)])),
    ...(cause !== undefined && { cause }),
  })
