/** RFC 9110 §7.6.1, and what a transport sets itself. */
const OWN_HEADERS = [
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
]

/** What of a caller's headers travels. */
export const keptHeaders = (headers: Headers): [name: string, value: string][] =>
  [...headers].filter(([name]) => !OWN_HEADERS.includes(name))

/** Fetch standard: statuses whose answers have no body. */
const BODILESS = [204, 205, 304]

/** True where an answer has no body, whatever its headers say. */
export const isBodiless = (method: string, status: number): boolean => method === 'HEAD' || BODILESS.includes(status)
