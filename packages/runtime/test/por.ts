// A node of Proof of Response beside a runtime, as its requester meets it: handlers, without the network between.
import { type Attested, development, verifyEvidence } from '@dcml/attestation'
import { type SealedAnswer, type SealedAsk, type SealedOptions, sealedRequest } from '@dcml/client'
import { toBase64url } from '@dcml/protocol'
import type { PorHandler, Runtime } from '../src/index.ts'
import { simulator } from './harness.ts'

type Fetch = typeof globalThis.fetch

/** As a node calls its handlers. */
export const about = {
  requester: 'alice.near',
  requestHash: new Uint8Array(32).fill(3),
  service: 120_000,
  maxResponse: 1 << 20,
  signal: new AbortController().signal,
}

/** The verified evidence of a runtime, as somebody brought it. */
export async function attest(runtime: Runtime & { readonly url: string }, fetch: Fetch): Promise<Attested> {
  const nonce = toBase64url(new Uint8Array(32))
  const response = await fetch(`${runtime.url}/dcml/v1/evidence?nonce=${nonce}`)
  const { evidence } = (await response.json()) as { evidence: unknown }
  const result = await verifyEvidence({
    evidence,
    policy: development({ binding: 'key' }),
    roots: [simulator.rootDer],
    now: new Date(),
    expect: { purpose: 'session' },
  })
  if (result.ok) return result
  throw new Error(result.checks.map(({ name, status, why }) => `${name} ${status} ${why}`).join('\n'))
}

export interface Asked {
  /** What relays saw. */
  readonly payload: Uint8Array
  readonly reply: Awaited<ReturnType<PorHandler>>
  readonly answer: SealedAnswer
  /** The body of the answer. */
  readonly json: Readonly<Record<string, unknown>>
}

/** Seals, sends and opens. */
export async function askSealed(
  handlers: Record<string, PorHandler>,
  attested: Pick<Attested, 'claims'>,
  ask: SealedAsk,
  options?: SealedOptions,
): Promise<Asked> {
  const { app, payload, open } = await sealedRequest(attested, ask, options)
  const reply = await handlers[app]!(payload, about)
  const answer = await open(reply)
  return { payload, reply, answer, json: JSON.parse(answer.body) }
}

export const chatOf = (content: string, more: object = {}): SealedAsk & { readonly kind: 'chat' } => ({
  kind: 'chat',
  body: JSON.stringify({ model: 'tale', messages: [{ role: 'user', content }], ...more }),
})
