import { DcmlError } from '@dcml/protocol'
import { Agent, request } from 'undici'
import * as v from 'valibot'

/** A sealed answer of 1 MiB in base64url, and what is around it. */
const MAX_ANSWER = 1_572_864

/** Calls of the enclave's attested port, by its host. */
export interface EnclaveLine {
  /**
   * @param body JSON text; a GET without
   * @throws DcmlError the enclave's own, `enclave_unreachable`, `enclave_answer_invalid`
   */
  ask<S extends v.GenericSchema>(schema: S, path: string, body?: string): Promise<v.InferOutput<S>>
}

const faultSchema = v.object({
  error: v.object({
    code: v.pipe(v.string(), v.regex(/^[a-z][a-z_0-9]{0,63}$/)),
    retryable: v.optional(v.boolean(), false),
  }),
})

/**
 * The line from a host to its own enclave. The certificate is not judged: an enclave signs its own, and what passes here
 * is sealed, signed or public.
 */
export function enclaveLine(url: string, timeoutMs: number): EnclaveLine {
  // without keep-alive, so that a host that is done can end
  const dispatcher = new Agent({
    connect: { rejectUnauthorized: false },
    pipelining: 0,
    maxResponseSize: MAX_ANSWER,
    // a whole answer shows nothing before it is there
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  })
  return {
    async ask(schema, path, body) {
      const { status, text } = await exchange(new URL(path, url), body, dispatcher, timeoutMs)
      if (status === 200) return read(schema, text)
      const { code, retryable } = read(faultSchema, text).error
      throw new DcmlError(code, `The enclave refused ${path} (${code}).`, { hint: 'See its log.', retryable })
    },
  }
}

async function exchange(url: URL, body: string | undefined, dispatcher: Agent, timeoutMs: number) {
  try {
    const answer = await request(url, {
      dispatcher,
      method: body === undefined ? 'GET' : 'POST',
      ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    return { status: answer.statusCode, text: await answer.body.text() }
  } catch (cause) {
    throw new DcmlError('enclave_unreachable', `The enclave at ${url.host} did not answer.`, {
      hint: 'See that the runtime runs, and that this is its attested port.',
      retryable: true,
      cause,
    })
  }
}

function read<S extends v.GenericSchema>(schema: S, text: string): v.InferOutput<S> {
  try {
    return v.parse(schema, JSON.parse(text))
  } catch (cause) {
    throw new DcmlError('enclave_answer_invalid', 'The answer is none of an enclave.', {
      hint: 'Give the address of a runtime’s attested port.',
      retryable: true,
      cause,
    })
  }
}
