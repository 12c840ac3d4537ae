import { decode, encode, fixed, type Infer, struct, u64, u128 } from './borsh.ts'
import { equalBytes, fromBase64url, toBase64url } from './bytes.ts'
import { type Chain, domainLayout } from './domain.ts'
import { DcmlError } from './errors.ts'
import { type Signer, verifyEd25519 } from './signature.ts'

const TAG = 'dcml/voucher'
const VERSION = 1

const voucherLayout = struct({
  /** `dcml/voucher`; the subject is the payer's channel key, which signs. */
  domain: domainLayout,
  /** Id of the channel in the contract that the domain names. */
  channelId: u64,
  /** yoctoNEAR that may be spent on this channel in all, earlier vouchers included. */
  authorised: u128,
})

/**
 * What a payer signs to let more be spent (paper §6). Cumulative: the best voucher is the one that authorises most,
 * and one that authorises less takes nothing back.
 */
export type Voucher = Infer<typeof voucherLayout>

const signedLayout = struct({ voucher: voucherLayout, signature: fixed(64) })

/** A voucher and the channel key's Ed25519 signature over its borsh bytes. */
export type SignedVoucher = Infer<typeof signedLayout>

/** What a voucher must belong to. */
export interface VoucherChannel {
  readonly chain: Chain
  readonly channelId: bigint
  /** Ed25519 key of 32 bytes that the payer named when opening the channel. */
  readonly payerKey: Uint8Array
}

/** The bytes a channel key signs. @throws DcmlError `borsh_invalid` */
export const encodeVoucher = (voucher: Voucher): Uint8Array<ArrayBuffer> => encode(voucherLayout, voucher)

/** Builds and signs a voucher. @throws DcmlError `borsh_invalid` for an amount beyond u128 */
export async function signVoucher(
  chain: Chain,
  fields: Omit<Voucher, 'domain'>,
  signer: Signer,
): Promise<SignedVoucher> {
  const domain = { tag: TAG, version: VERSION, ...chain, subject: signer.publicKey }
  const voucher: Voucher = { domain, ...fields }
  return { voucher, signature: await signer.sign(encodeVoucher(voucher)) }
}

/** The text form that travels with a request. */
export const formatVoucher = (signed: SignedVoucher): string => toBase64url(encode(signedLayout, signed))

/**
 * Reads the text form. Says nothing about whom it is from: that is `verifyVoucher`.
 * @throws DcmlError `voucher_malformed`
 */
export function parseVoucher(text: string): SignedVoucher {
  let signed: SignedVoucher
  try {
    signed = decode(signedLayout, fromBase64url(text))
  } catch (cause) {
    throw malformed('The voucher cannot be read.', cause)
  }
  const { tag, version } = signed.voucher.domain
  if (tag !== TAG || version !== VERSION) throw malformed(`"${tag}" version ${version} is not a voucher we know.`)
  return signed
}

/**
 * Returns only for a voucher of this channel, signed by its payer. Whether the amount is covered is the channel's
 * business.
 * @param verify Ed25519 of the platform, by default `verifyEd25519`
 * @throws DcmlError `voucher_malformed` for another kind of object, `voucher_foreign` for another chain, contract,
 * channel or payer, `voucher_forged` where the signature is not the payer's
 */
export async function verifyVoucher(
  signed: SignedVoucher,
  channel: VoucherChannel,
  verify: typeof verifyEd25519 = verifyEd25519,
): Promise<void> {
  const { domain, channelId } = signed.voucher
  if (domain.tag !== TAG || domain.version !== VERSION) throw malformed('The object is not a voucher.')
  const here =
    domain.networkId === channel.chain.networkId &&
    domain.contract === channel.chain.contract &&
    channelId === channel.channelId &&
    equalBytes(domain.subject, channel.payerKey)
  if (!here)
    throw new DcmlError('voucher_foreign', 'The voucher belongs to another channel.', {
      hint: 'Sign vouchers for the network, contract, channel and key that the opening names.',
    })
  if (!(await verify(channel.payerKey, encodeVoucher(signed.voucher), signed.signature)))
    throw new DcmlError('voucher_forged', "The voucher's signature is not the payer's.", {
      hint: 'Sign with the channel key that the opening names.',
    })
}

const malformed = (message: string, cause?: unknown): DcmlError =>
  new DcmlError('voucher_malformed', message, { hint: 'Send a voucher of this version.', cause })
