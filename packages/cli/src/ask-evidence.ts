import { randomBytes } from 'node:crypto'
import { request } from 'node:https'
import { formatAttestRequest, MAX_EVIDENCE_BYTES, parseAttestAnswer } from '@dcml/attestation'
import { DcmlError } from '@dcml/protocol'

/**
 * Asks a host for its evidence. Unlike `connectAttested` it takes a host that policies refuse, which is the one to be told
 * about; nothing is sent over this connection, so nobody needs to be behind it.
 * @throws DcmlError `peer_unreachable`
 */
export async function askEvidence({ host, port }: { host: string; port: number }): Promise<unknown> {
  const path = formatAttestRequest({
    nonce: Uint8Array.from(randomBytes(32)),
    binding: 'session-signed',
    purpose: 'session',
  })
  const unreachable = (cause: unknown) =>
    new DcmlError('peer_unreachable', `${host}:${port} did not answer with evidence.`, {
      hint: 'Check the address, and that an enclave is served there.',
      retryable: true,
      cause,
    })
  try {
    const answer = await get({ host, port, path })
    return parseAttestAnswer(JSON.parse(answer)).evidence
  } catch (cause) {
    throw unreachable(cause)
  }
}

const get = (target: { host: string; port: number; path: string }): Promise<string> =>
  new Promise((resolve, reject) => {
    // Whoever answers: what comes back is judged by its signatures.
    const outgoing = request({
      ...target,
      rejectUnauthorized: false,
      agent: false,
      signal: AbortSignal.timeout(15_000),
    })
    outgoing.once('error', reject).once('response', async (answer) => {
      try {
        let body = ''
        for await (const chunk of answer.setEncoding('utf8')) {
          body += chunk
          if (body.length > MAX_EVIDENCE_BYTES) throw new Error('the answer is too long')
        }
        resolve(body)
      } catch (error) {
        reject(error as Error)
      } finally {
        outgoing.destroy()
      }
    })
    outgoing.end()
  })
