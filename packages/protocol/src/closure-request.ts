import { encode, fixed, type Infer, struct, u64 } from './borsh.ts'
import { toBase64url } from './bytes.ts'
import { type Chain, domainLayout } from './domain.ts'
import { type PayerChannel, readSigned, requirePayers } from './payer-signed.ts'
import { type Signer, verifyEd25519 } from './signature.ts'

const KIND = { tag: 'dcml/closure-request', version: 1, code: 'closure_request', noun: 'request to close' }

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
  const domain = { tag: KIND.tag, version: KIND.version, ...chain, subject: signer.publicKey }
  const request: ClosureRequest = { domain, ...fields }
  return { request, signature: await signer.sign(encodeClosureRequest(request)) }
}

/** The text form that travels from the payer to the enclave. */
export const formatClosureRequest = (signed: SignedClosureRequest): string => toBase64url(encode(signedLayout, signed))

/**
 * Reads the text form. Says nothing about whom it is from: that is `verifyClosureRequest`.
 * @throws DcmlError `closure_request_malformed`
 */
export const parseClosureRequest = (text: string): SignedClosureRequest =>
  readSigned(KIND, signedLayout, text, ({ request }) => request)

/**
 * Returns only for a request about this channel, signed by its payer.
 * @param verify Ed25519 of the platform, by default `verifyEd25519`
 * @throws DcmlError `closure_request_malformed` for another kind of object, `closure_request_foreign` for another chain,
 * contract, channel or payer, `closure_request_forged` where the signature is not the payer's
 */
export const verifyClosureRequest = (
  { request, signature }: SignedClosureRequest,
  channel: PayerChannel,
  verify: typeof verifyEd25519 = verifyEd25519,
): Promise<void> =>
  requirePayers(KIND, { about: request, message: () => encodeClosureRequest(request), signature }, channel, verify)
