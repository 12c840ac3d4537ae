declare global {
  interface JSON {
    /** JSON text to be written as it is (ECMAScript proposal "JSON.parse source text access", in V8 since 11.4). */
    rawJSON(text: string): unknown
  }
}

/**
 * JSON in which a bigint is a number with all its digits: nearcore writes timestamps and gas beyond 2^53 so, and
 * clients that care read them from the text.
 */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? JSON.rawJSON(item.toString()) : item))
