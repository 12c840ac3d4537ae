import { DcmlError } from '@dcml/protocol'
import { unavailable } from './fault.ts'

export type Fetch = typeof globalThis.fetch

/** What a service answered. */
export interface Answer {
  readonly url: string
  readonly headers: Headers
  readonly body: Uint8Array
}

/** Longest answer that is read, in bytes: RIMs and CRLs stay well below. */
const MAX_ANSWER = 4 * 1024 * 1024

/**
 * Asks a service, in 20 s at most and for 4 MiB at most.
 * @throws DcmlError `tee_collateral_unavailable`
 */
export async function ask(fetch: Fetch, url: string, init: RequestInit = {}): Promise<Answer> {
  const { host } = new URL(url)
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(20_000), ...init })
    if (!response.ok) throw unavailable(`${url} answered ${response.status}`)
    return { url, headers: response.headers, body: await bounded(response, host) }
  } catch (cause) {
    throw DcmlError.isInstance(cause) ? cause : unavailable(`${host} cannot be reached`, cause)
  }
}

async function bounded(response: Response, host: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > MAX_ANSWER) throw unavailable(`${host} answers more than ${MAX_ANSWER} bytes`)
    parts.push(part)
  }
  return Uint8Array.from(Buffer.concat(parts))
}
