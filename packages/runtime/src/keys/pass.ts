import type { PeerExchange } from '@dcml/attestation/node'
import { type Chain, DcmlError, encodeKeyGrant, type KeyGrant, toBase64url } from '@dcml/protocol'
import { Client } from 'undici'
import * as v from 'valibot'

const answerSchema = v.looseObject({ modelH: v.string(), phase: v.string() })
const errorSchema = v.looseObject({ error: v.looseObject({ code: v.pipe(v.string(), v.regex(/^[a-z_]{1,64}$/)) }) })
const TIMEOUT_MS = 15_000

/**
 * Hands a key to the enclave at `target`, once that has proven to run this enclave's own image on this very connection.
 * @throws DcmlError those of `PeerExchange.dial`, and `peer_refused` when the peer does not take the key
 */
export async function passKey(
  exchange: PeerExchange,
  target: { host: string; port: number; signal: AbortSignal },
  grant: KeyGrant,
  chain: Chain,
): Promise<{ modelH: string; phase: string }> {
  const { socket, evidence } = await exchange.dial(target)
  // over the verified connection and no other: undici is given this socket and may not open a second one
  let given = false
  const client = new Client(`https://${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`, {
    connect: (_options, callback) => {
      const again = given
      given = true
      // undici does not expect an answer before its own call has returned
      queueMicrotask(() => (again ? callback(lost(), null) : callback(null, socket)))
    },
  })
  try {
    const { domain, ...fields } = grant
    const bytes = encodeKeyGrant(chain, domain.subject, fields)
    const { statusCode, body } = await client.request({
      method: 'POST',
      path: '/dcml/v1/set-sk',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ grant: toBase64url(bytes), evidence }),
      signal: AbortSignal.any([target.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    bytes.fill(0)
    const json: unknown = await body.json().catch(() => undefined)
    const answer = v.safeParse(answerSchema, json)
    if (statusCode === 200 && answer.success) return { modelH: answer.output.modelH, phase: answer.output.phase }
    const refusal = v.safeParse(errorSchema, json)
    throw refused(refusal.success ? refusal.output.error.code : `status_${statusCode}`)
  } catch (cause) {
    throw DcmlError.isInstance(cause) ? cause : lost(cause)
  } finally {
    await client.destroy()
    socket.destroy()
  }
}

const refused = (peerCode: string): DcmlError =>
  new DcmlError('peer_refused', `The peer did not take the key (${peerCode}).`, {
    hint: "See the peer's log for what it did not accept.",
    details: { peerCode },
  })

const lost = (cause?: unknown): DcmlError =>
  new DcmlError('peer_unreachable', 'The peer closed the connection before it had taken the key.', {
    hint: 'Ask again.',
    retryable: true,
    cause,
  })
