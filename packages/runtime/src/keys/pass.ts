import { type PeerExchange, postOver } from '@dcml/attestation/node'
import { type Chain, DcmlError, encodeKeyGrant, type KeyGrant, toBase64url } from '@dcml/protocol'
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
  try {
    const { domain, ...fields } = grant
    const bytes = encodeKeyGrant(chain, domain.subject, fields)
    const request = JSON.stringify({ grant: toBase64url(bytes), evidence })
    bytes.fill(0)
    const signal = AbortSignal.any([target.signal, AbortSignal.timeout(TIMEOUT_MS)])
    const { status, json } = await postOver(socket, '/dcml/v1/set-sk', request, signal)
    const answer = v.safeParse(answerSchema, json)
    if (status === 200 && answer.success) return { modelH: answer.output.modelH, phase: answer.output.phase }
    const refusal = v.safeParse(errorSchema, json)
    throw refused(refusal.success ? refusal.output.error.code : `status_${status}`)
  } catch (cause) {
    throw DcmlError.isInstance(cause) && cause.code === 'peer_refused' ? cause : lost(cause)
  } finally {
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
