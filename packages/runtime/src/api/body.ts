import type { IncomingMessage } from 'node:http'
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a request body to its last byte.
 * @param limit bytes
 * @param count told of every part before it is kept; where it throws, the body is refused for that
 * @throws DcmlError `request_too_large`, or `request_malformed` when the sender goes away
 */
export async function readBody(
  incoming: IncomingMessage,
  limit: number,
  count: (bytes: number) => void = () => {},
): Promise<Buffer> {
  // Refused by its header alone, before a byte of it is kept.
  if (Number(incoming.headers['content-length'] ?? 0) > limit) throw tooLarge(limit)
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let length = 0
    const settle = (finish: () => void): void => {
      incoming.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone)
      finish()
    }
    const onData = (part: Buffer): void => {
      length += part.length
      try {
        if (length > limit) throw tooLarge(limit)
        count(part.length)
        parts.push(part)
      } catch (error) {
        settle(() => reject(error))
      }
    }
    const onEnd = (): void => settle(() => resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts, length)))
    const onGone = (): void =>
      settle(() => reject(malformed('The request ended before its body did.', 'Send the whole body.')))
    incoming.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
  })
}

/**
 * Reads JSON text by a schema.
 * @throws DcmlError `request_malformed` when it is not JSON in UTF-8, `request_invalid` naming the first wrong field
 */
export function parseJson<S extends v.GenericSchema>(schema: S, body: Uint8Array): v.InferOutput<S> {
  let json: unknown
  try {
    json = JSON.parse(strictUtf8.decode(body))
  } catch {
    // without the cause: its message quotes the body
    throw malformed('The request body is not JSON in UTF-8.', 'Send one JSON object.')
  }
  const parsed = v.safeParse(schema, json, { abortEarly: true, abortPipeEarly: true })
  if (parsed.success) return parsed.output
  const issue = parsed.issues[0]
  const param = v.getDotPath(issue) ?? ''
  throw new DcmlError(
    'request_invalid',
    `"${param || 'the body'}" is not as it should be: expected ${expected(issue)}.`,
    {
      hint: 'Compare the request with GET /openapi.json.',
      details: param ? { param } : {},
    },
  )
}

/** What was expected; what was received may be a prompt and is not repeated. */
const expected = (issue: v.BaseIssue<unknown>): string => {
  if (issue.kind !== 'schema') return issue.requirement === undefined ? issue.type : describe(issue)
  return issue.expected ?? issue.type
}

const describe = (issue: v.BaseIssue<unknown>): string =>
  typeof issue.requirement === 'function'
    ? issue.message
    : `${issue.type.replaceAll('_', ' ')} ${String(issue.requirement)}`

const tooLarge = (limit: number): DcmlError =>
  new DcmlError('request_too_large', `The request body is larger than ${limit} bytes.`, {
    hint: 'Send less, or ask the host to raise its limit.',
    details: { limit },
  })

const malformed = (message: string, hint: string): DcmlError => new DcmlError('request_malformed', message, { hint })
