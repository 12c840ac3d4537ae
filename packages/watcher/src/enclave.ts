// What the watcher asks of an enclave. Endpoints come from a contract where anybody may register, so what one answers is
// bounded in time and size, and never shown.
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type BlockBundle, type Bundle, formatWire, PAYMENT_CALLS, readWire, wire } from '@dcml/channels'
import { type LightClientState, parseTrustRoot } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import { namesPrivate, publicLookup } from './public.ts'

/** A trust root of 100 producers takes 20 KB; the wire allows for a text of 1 MiB. */
const MAX_ANSWER = 1_200_000

export interface Enclave {
  /** Where its light client stands: proofs have to begin there. */
  lightClient(): Promise<LightClientState>
  /** Takes it on, where the way to a proof is too long for one bundle. */
  follow(blocks: BlockBundle): Promise<void>
  /** Proves that a close was started. @returns the text of the approval */
  answerClosure(bundle: Bundle): Promise<string>
  /** Proves that a channel ended. */
  forget(bundle: Bundle): Promise<void>
}

interface Limits {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** For an address that a stranger registered: the Internet alone. */
  readonly isPublic: boolean
}

/**
 * The enclave at a URL. Its calls throw DcmlError `enclave_unreachable` (retryable), `enclave_refused` with the enclave's
 * own code in `details`, `enclave_answer_invalid`, and those of `parseTrustRoot`.
 */
export function enclaveAt(url: string, limits: Limits): Enclave {
  const ask = async (path: string, body?: string): Promise<unknown> => {
    const { status, text } = await exchange(new URL(path, url), body, limits)
    const json = parseJson(text)
    if (status === 200) return json
    const said = v.safeParse(fault, json)
    const { code, message } = said.success ? said.output.error : { code: `http_${status}`, message: 'no reason' }
    throw new DcmlError('enclave_refused', `The enclave refused ${path}: ${message.slice(0, 200)} (${code})`, {
      hint: 'It is asked again until the deadline.',
      retryable: true,
      details: { code },
    })
  }
  return {
    lightClient: async () => parseTrustRoot(readWire(wire.lightClient, await ask(PAYMENT_CALLS.lightClient)).state),
    follow: async (blocks) => void (await ask(PAYMENT_CALLS.lightClient, formatWire(blocks))),
    answerClosure: async (bundle) =>
      readWire(wire.approval, await ask(PAYMENT_CALLS.answerClosure, formatWire(bundle))).approval,
    forget: async (bundle) => void (await ask(PAYMENT_CALLS.forget, formatWire(bundle))),
  }
}

const fault = v.object({
  error: v.object({ code: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)), message: v.string() }),
})

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw answerInvalid('no JSON', cause)
  }
}

/**
 * The certificate is not judged: an enclave signs its own, and the proofs and approvals that pass here are public. An
 * approval is worth what its signature is worth, whoever brought it; a man in the middle can only withhold it.
 */
function exchange(
  url: URL,
  body: string | undefined,
  { timeoutMs, signal, isPublic }: Limits,
): Promise<{ status: number; text: string }> {
  if (isPublic && namesPrivate(url)) return Promise.reject(unreachable(url, 'its address is none of the Internet'))
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const options = {
    method: body === undefined ? 'GET' : 'POST',
    headers: { accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) },
    rejectUnauthorized: false,
    agent: false,
    ...(isPublic && { lookup: publicLookup }),
    // of the whole exchange: an endpoint that sends a byte a minute is no better than a silent one
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  } as const
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => reject(DcmlError.isInstance(cause) ? cause : unreachable(url, cause))
    const outgoing = send(url, options, (incoming) => {
      const chunks: Buffer[] = []
      let size = 0
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > MAX_ANSWER) outgoing.destroy(answerInvalid(`more than ${MAX_ANSWER} bytes`))
        else chunks.push(chunk)
      })
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
      incoming.on('error', fail)
    })
    outgoing.on('error', fail)
    outgoing.end(body)
  })
}

const answerInvalid = (what: string, cause?: unknown): DcmlError =>
  new DcmlError('enclave_answer_invalid', `The answer is none of an enclave: ${what}.`, {
    hint: 'Check the endpoint.',
    retryable: true,
    cause,
  })

const unreachable = ({ host }: URL, cause: unknown): DcmlError =>
  new DcmlError('enclave_unreachable', `The enclave at ${host} did not answer.`, {
    hint: 'See to it that it runs, and that its address is right: without its answer the lock is lost.',
    retryable: true,
    cause,
  })
