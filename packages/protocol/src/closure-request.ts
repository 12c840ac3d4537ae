import { decode, encode, fixed, type Infer, struct, u64 } from './borsh.ts'
import { equalBytes, fromBase64url, toBase64url } from './bytes.ts'
import { type Chain, domainLayout } from './domain.ts'
import { DcmlError } from './errors.ts'
import { type Signer, verifyEd25519 } from './signature.ts'
import type { VoucherChannel } from './voucher.ts'

const TAG = 'dcml/closure-request'
const VERSION = 1

const requestLayout = struct({
  /** `dcml/closure-request`; the subject is the payer's channel key, which signs. */
  domain: domainLayout,
  /** Id of the channel in the contract that the domain names. */
  channelId: u64,
})

/**
 * What a payer signs to have the enclave end a channel (paper §6, `request_channel_closure`). It says no amount: the
 * enclave's answer is what it has delivered, whenever it is asked, so that the same request may be sent again.
 */
export type ClosureRequest = Infer<typeof requestLayout>

const signedLayout = struct({ request: requestLayout, signature: fixed(64) })

/** A closure request and the channel key's Ed25519 signature over its borsh bytes. */
export type SignedClosureRequest = Infer<typeof signedLayout>

/** The bytes a channel key signs. @throws DcmlError `borsh_invalid` */
export const encodeClosureRequest = (request: ClosureRequest): Uint8Array<ArrayBuffer> => encode(requestLayout, request)

/** Builds and signs a request to close. @throws DcmlError `borsh_invalid` for an id beyond u64 */
export async function signClosureRequest(
  chain: Chain,
  fields: Omit<ClosureRequest, 'domain'>,
  signer: Signer,
): Promise<SignedClosureRequest> {
  const domain = { tag: TAG, version: VERSION, ...chain, subject: signer.publicKey }
  const request: ClosureRequest = { domain, ...fields }
  return { request, signature: await signer.sign(encodeClosureRequest(request)) }
}

/** The text form that travels from the payer to the enclave. */
export const formatClosureRequest = (signed: SignedClosureRequest): string => toBase64url(encode(signedLayout, signed))

/**
 * Reads the text form. Says nothing about whom it is from: that is `verifyClosureRequest`.
 * @throws DcmlError `closure_request_malformed`
 */
export function parseClosureRequest(text: string): SignedClosureRequest {
  let signed: SignedClosureRequest
  try {
    signed = decode(signedLayout, fromBase64url(text))
  } catch (cause) {
    throw malformed('The request to close cannot be read.', cause)
  }
  const { tag, version } = signed.request.domain
  if (tag !== TAG || version !== VERSION)
    throw malformed(`"${tag}" version ${version} is not a request to close that we know.`)
  return signed
}

/**
 * Returns only for a request about this channel, signed by its payer.
 * @param verify Ed25519 of the platform, by default `verifyEd25519`
 * @throws DcmlError `closure_request_malformed` for another kind of object, `closure_request_foreign` for another chain,
 * contract, channel or payer, `closure_request_forged` where the signature is not the payer's
 */
export async function verifyClosureRequest(
  signed: SignedClosureRequest,
  channel: VoucherChannel,
  verify: typeof verifyEd25519 = verifyEd25519,
): Promise<void> {
  const { domain, channelId } = signed.request
  if (domain.tag !== TAG || domain.version !== VERSION) throw malformed('The object is not a request to close.')
  const here =
    domain.networkId === channel.chain.networkId &&
    domain.contract === channel.chain.contract &&
    channelId === channel.channelId &&
    equalBytes(domain.subject, channel.payerKey)
  if (!here)
    throw new DcmlError('closure_request_foreign', 'The request to close is about another channel.', {
      hint: 'Sign it for the network, contract, channel and key that the opening names.',
    })
  if (!(await verify(channel.payerKey, encodeClosureRequest(signed.request), signed.signature)))
    throw new DcmlError('closure_request_forged', "The request's signature is not the payer's.", {
      hint: 'Sign with the channel key that the opening names.',
    })
}

const malformed = (message: string, cause?: unknown): DcmlError =>
  new DcmlError('closure_request_malformed', message, { hint: 'Send a request to close of this version.', cause })
