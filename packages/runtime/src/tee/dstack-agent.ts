// Calls of dstack's guest agent: JSON over a unix socket that any container of the CVM may have.
import { DcmlError } from '@dcml/protocol'
import { Agent, fetch } from 'undici'
import * as v from 'valibot'

const MAX_ANSWER = 4 * 1024 * 1024

/** One call: its path, what is sent, and what may come back. */
export interface AgentCall<T> {
  readonly path: string
  readonly body: Readonly<Record<string, string>>
  readonly answer: v.GenericSchema<unknown, T>
  readonly signal?: AbortSignal | undefined
}

/**
 * A guest agent at a socket.
 * @throws DcmlError `tee_unavailable`, `tee_answer_malformed`, or the reason of `signal`
 */
export type DstackCall = <T>(call: AgentCall<T>) => Promise<T>

export function dstackCalls(socketPath: string): DstackCall {
  const dispatcher = new Agent({ connect: { socketPath }, connections: 4, maxResponseSize: MAX_ANSWER })
  return async ({ path, body, answer, signal }) => {
    let status: number
    let json: unknown
    try {
      const response = await fetch(`http://dstack${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        dispatcher,
        signal: signal ?? null,
      })
      status = response.status
      json = await response.json().catch(() => undefined)
    } catch (cause) {
      signal?.throwIfAborted()
      throw new DcmlError('tee_unavailable', 'The dstack guest agent does not answer.', {
        hint: 'Map /var/run/dstack.sock into this container.',
        retryable: true,
        cause,
      })
    }
    if (status !== 200)
      throw new DcmlError('tee_unavailable', `The dstack guest agent answered ${status}.`, {
        hint: 'See the log of the guest agent.',
        retryable: status >= 500,
        details: { status },
      })
    const parsed = v.safeParse(answer, json, { abortEarly: true })
    if (!parsed.success) throw malformed(`"${v.getDotPath(parsed.issues[0]) ?? 'the answer'}" is missing or malformed`)
    return parsed.output
  }
}

export const malformed = (why: string): DcmlError =>
  new DcmlError('tee_answer_malformed', `The answer of the dstack guest agent cannot be used: ${why}.`, {
    hint: 'Use a guest agent of version 0.5 or later, or say that it is older.',
  })
