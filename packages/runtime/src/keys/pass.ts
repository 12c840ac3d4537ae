import { type PeerExchange, postOver } from '@dcml/attestation/node'
import { type Chain, DcmlError, encodeKeyGrant, type KeyGrant, toBase64url } from '@dcml/protocol'
import * as v from 'valibot'

const answerSchema = v.looseObject({ modelH: v.string(), phase: v.string() })
const errorSchema = v.looseObject({ error: v.looseObject({ code: v.pipe(v.string(), v.regex(/^[a-z_]{1,64}$/)) }) })
const TIMEOUT_MS = 15_000

/**
 * Hands a key to the enclave at `target`, once that has proven to run this enclave's own image on this very connection.
 * @throws DcmlError `attestation_refused`, `peer_is_self`, `peer_challenge_missing`, `peer_refused` when the peer does
 * not take the key, and `peer_unreachable` for whatever is no enclave
 */
export async function passKey(
  exchange: PeerExchange,
  target: { host: string; port: number; signal: AbortSignal },
  grant: KeyGrant,
  chain: Chain,
): Promise<{ modelH: string; phase: string }> {
  const { socket, evidence } = await exchange.dial(target).catch((cause: unknown) => {
    throw fromAnEnclave(cause) ? cause : unreachable(cause)
  })
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

/** What else is at an address, or what is not, is no business of whoever asks: this is no scanner of networks. */
const fromAnEnclave = (cause: unknown): boolean =>
  DcmlError.isInstance(cause) &&
  /^(?:attestation_refused|peer_|quote_)/.test(cause.code) &&
  cause.code !== 'peer_unreachable'

const unreachable = (cause: unknown): DcmlError =>
  new DcmlError('peer_unreachable', 'No enclave answers at this address.', {
    hint: 'Check the address, and that the runtime there is up; the log of this one says what failed.',
    retryable: true,
    cause,
  })

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
