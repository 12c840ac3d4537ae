// Opens a session: one question to the host, in the clear, whose answer is judged by the policy.
import { CHANNEL_ATTEST_PATH, type Channel, MAX_CHANNEL_ANSWER_BYTES, offerChannel } from '@dcml/attestation'
import { concatBytes, DcmlError } from '@dcml/protocol'
import type { Settings } from '../options.ts'
import { Patience } from './patience.ts'

/** For the host to answer with evidence, in milliseconds; a fresh quote of a TD can take a second. */
const ATTEST_MS = 15_000

/** How both calls of the channel are made: nothing of the page goes with them, and no redirect is followed. */
export const PLAIN_POST = {
  method: 'POST',
  mode: 'cors',
  credentials: 'omit',
  cache: 'no-store',
  redirect: 'error',
  referrerPolicy: 'no-referrer',
} as const

/**
 * @throws DcmlError `peer_unreachable`, `evidence_missing`, `evidence_too_large`, `evidence_malformed`,
 * `attestation_refused`, `attestation_timeout`, `secure_context_required`, `browser_unsupported`
 */
export async function openSession(
  { endpoint, policy, roots, clock }: Settings,
  fetch: typeof globalThis.fetch,
  closing: AbortSignal,
): Promise<Channel> {
  const offer = await offerChannel(policy.binding)
  const timeout = AbortSignal.timeout(ATTEST_MS)
  const patience = new Patience([closing, timeout], ATTEST_MS)
  let answer: Uint8Array
  try {
    const url = new URL(CHANNEL_ATTEST_PATH, endpoint)
    const response = fetch(url, { ...PLAIN_POST, body: offer.request, signal: patience.signal })
    answer = await readEvidence(await patience.wait(response, (cause) => unreachable(endpoint, cause)), patience)
  } catch (cause) {
    throw timeout.aborted && !closing.aborted ? late(endpoint) : cause
  }
  return offer.accept(answer, { policy, now: new Date(clock()), ...(roots && { roots }) })
}

async function readEvidence(response: Response, patience: Patience): Promise<Uint8Array> {
  if (response.status !== 200 || response.body === null) throw missing(response.status)
  const reader = response.body.getReader()
  const parts: Uint8Array[] = []
  for (let size = 0; ; ) {
    const { done, value } = await patience.wait(reader.read(), () => missing(undefined))
    if (done) return concatBytes(...parts)
    parts.push(value)
    size += value.length
    if (size > MAX_CHANNEL_ANSWER_BYTES) {
      await reader.cancel()
      throw tooLarge()
    }
  }
}

const unreachable = ({ origin }: URL, cause: unknown): DcmlError =>
  new DcmlError('peer_unreachable', `${origin} cannot be reached from this page.`, {
    hint: 'Check the address, its certificate, and that the host lets pages of this origin in (--browser-origin).',
    retryable: true,
    cause,
  })

const missing = (status: number | undefined): DcmlError =>
  new DcmlError(
    'evidence_missing',
    status === undefined ? 'The host broke off its evidence.' : `The host gave no evidence: it answered ${status}.`,
    {
      hint: 'Check that the address is that of the browser port of a DCML runtime.',
      retryable: status === undefined || status === 429 || status >= 500,
    },
  )

const tooLarge = (): DcmlError =>
  new DcmlError('evidence_too_large', `The host sent more than ${MAX_CHANNEL_ANSWER_BYTES} bytes of evidence.`, {
    hint: 'The host does not run this version of DCML.',
  })

const late = ({ origin }: URL): DcmlError =>
  new DcmlError('attestation_timeout', `${origin} was not verified within ${ATTEST_MS} ms.`, {
    hint: 'Try again.',
    retryable: true,
  })
