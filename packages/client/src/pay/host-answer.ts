// What an enclave says in JSON when it does not answer a prompt.
import { type Demand, readWire, wire } from '@dcml/channels'
import { concatBytes, DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import { malformedResponse } from '../response/events.ts'
import type { IncomingResponse } from '../transport.ts'

const MAX_BYTES = 4 * 1024 * 1024

const schema = v.object({
  error: v.object({
    message: v.pipe(v.string(), v.maxLength(1024)),
    code: v.pipe(v.string(), v.regex(/^[a-z][a-z_]{0,63}$/)),
    hint: v.optional(v.pipe(v.string(), v.maxLength(1024)), 'The host said no more than this.'),
    retryable: v.optional(v.boolean(), false),
    details: v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])), {}),
  }),
})

/** The whole body of an answer, up to a limit. @throws DcmlError `response_malformed`, those of the transport */
export async function readBody({ body }: Pick<IncomingResponse, 'body'>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body ?? []) {
    size += part.length
    if (size > MAX_BYTES) throw malformedResponse(`it is longer than ${MAX_BYTES} bytes`)
    parts.push(part)
  }
  return concatBytes(...parts)
}

/** @throws DcmlError `response_malformed`, those of the transport */
export const readJson = async (response: Pick<IncomingResponse, 'body'>): Promise<unknown> =>
  parseJson(await readBody(response))

/** @throws DcmlError `response_malformed` */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw malformedResponse('it is not JSON', cause)
  }
}

/** The refusal in the enclave's own words, where it is one. */
export function readHostError(json: unknown): DcmlError | undefined {
  const parsed = v.safeParse(schema, json)
  if (!parsed.success) return undefined
  const { code, message, ...rest } = parsed.output.error
  return new DcmlError(code, message, rest)
}

/** What a 402 asks for. @throws DcmlError `wire_invalid` */
export const readDemand = (json: unknown): Demand => {
  const { error } = v.parse(v.object({ error: v.object({ details: v.unknown() }) }), json)
  return readWire(wire.demand, error.details)
}
