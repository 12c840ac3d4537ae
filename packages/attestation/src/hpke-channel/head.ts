// What HTTP says before a body, as it travels inside: nothing of it is left to whoever carries the message.
import { DcmlError, utf8 } from '@dcml/protocol'
import * as v from 'valibot'
import { MAX_RECORD_BYTES } from './record.ts'
import { tampered } from './wire.ts'

/** Names and values in their order. */
export type HeaderList = readonly (readonly [name: string, value: string])[]

/** The head of a request inside the channel. */
export interface RequestHead {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: HeaderList
}

/** The head of an answer inside the channel. */
export interface AnswerHead {
  readonly status: number
  readonly headers: HeaderList
}

// RFC 9110 §5.1 and §5.5; what cannot be written into HTTP again is refused here
const headers = v.pipe(
  v.array(
    v.strictTuple([
      v.pipe(v.string(), v.maxLength(256), v.regex(/^[\w!#$%&'*+.^`|~-]+$/)),
      v.pipe(v.string(), v.maxLength(16_384), v.regex(/^[\t\x20-\x7e\x80-\xff]*$/)),
    ]),
  ),
  v.maxLength(128),
)
const requestSchema = v.strictObject({
  method: v.picklist(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']),
  path: v.pipe(v.string(), v.maxLength(8192), v.regex(/^\/[\x21-\x7e]*$/)),
  headers,
})
const answerSchema = v.strictObject({
  status: v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)),
  headers,
})

/** The head as the first record of its message. @throws DcmlError `headers_too_large` */
export function formatHead(head: RequestHead | AnswerHead): Uint8Array<ArrayBuffer> {
  const bytes = utf8(JSON.stringify(head))
  if (bytes.length <= MAX_RECORD_BYTES) return bytes
  throw new DcmlError('headers_too_large', `The head has ${bytes.length} bytes, more than ${MAX_RECORD_BYTES}.`, {
    hint: 'Send fewer or shorter headers.',
  })
}

function read<T>(schema: v.GenericSchema<unknown, T>, bytes: Uint8Array): T {
  try {
    const json = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
    // one fault is enough: thousands of headers may each have one
    return v.parse(schema, json, { abortEarly: true })
  } catch (cause) {
    throw tampered('its head cannot be read', cause)
  }
}

/** @throws DcmlError `channel_tampered` */
export const parseRequestHead = (bytes: Uint8Array): RequestHead => read(requestSchema, bytes)

/** @throws DcmlError `channel_tampered` */
export const parseAnswerHead = (bytes: Uint8Array): AnswerHead => read(answerSchema, bytes)
