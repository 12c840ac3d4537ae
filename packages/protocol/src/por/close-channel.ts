// The application `dcml/close-channel`: asks a host for the approval of its enclave, in the clear on purpose. What a host
// signs here can be brought to the model contract, which takes the host's lock for anything but an approval (paper §6.2, §9).
import { fromBase64url, toBase64url, utf8 } from '../bytes.ts'
import { formatClosureRequest, parseClosureRequest, type SignedClosureRequest } from '../closure-request.ts'
import { DcmlError } from '../errors.ts'

/** Name of the application in a request. */
export const CLOSE_CHANNEL = 'dcml/close-channel'

/**
 * What a request must at least allow for its answer to be held against the host: milliseconds of service, in which it can
 * learn of an opening of just now and prove it to the enclave, and restart that one before; and bytes of response, in which
 * an approval fits.
 */
export const CLOSE_CHANNEL_SERVICE = 120_000
export const CLOSE_CHANNEL_RESPONSE = 512

/** What the payload of such a request says. */
export interface ChannelClosing {
  /**
   * The chain's 32 random bytes in the opening or the last top-up (`seed` of the model contract's `channel`). Ids of channels can be foretold:
   * without it, a payer could have a host answer that it knows no such channel, and open it afterwards.
   */
  readonly seed: Uint8Array
  readonly closure: SignedClosureRequest
}

/** The payload: `<seed in base64url>.<closure request as text>`. */
export const formatChannelClosing = ({ seed, closure }: ChannelClosing): Uint8Array<ArrayBuffer> =>
  utf8(`${toBase64url(seed)}.${formatClosureRequest(closure)}`)

/**
 * Reads the payload. Says nothing about whom it is from: that is `verifyClosureRequest`.
 * @throws DcmlError `channel_closing_malformed`, `closure_request_malformed`
 */
export function parseChannelClosing(payload: Uint8Array): ChannelClosing {
  const [text, rest, ...more] = new TextDecoder('utf-8', { ignoreBOM: true }).decode(payload).split('.')
  let seed: Uint8Array
  try {
    seed = fromBase64url(text as string)
  } catch (cause) {
    throw malformed(cause)
  }
  if (seed.length !== 32 || rest === undefined || more.length > 0) throw malformed()
  return { seed, closure: parseClosureRequest(rest) }
}

const malformed = (cause?: unknown): DcmlError =>
  new DcmlError('channel_closing_malformed', 'The payload does not ask to close a channel.', {
    hint: 'Send the seed of the channel’s opening in base64url, a dot, and the signed closure request.',
    cause,
  })
