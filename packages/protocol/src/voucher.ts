import { encode, fixed, type Infer, struct, u64, u128 } from './borsh.ts'
import { toBase64url } from './bytes.ts'
import { type Chain, domainLayout } from './domain.ts'
import { type PayerChannel, readSigned, requirePayers } from './payer-signed.ts'
import { type Signer, verifyEd25519 } from './signature.ts'

const KIND = { tag: 'dcml/voucher', version: 1, code: 'voucher', noun: 'voucher' }

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

/** The bytes a channel key signs. @throws DcmlError `borsh_invalid` */
export const encodeVoucher = (voucher: Voucher): Uint8Array<ArrayBuffer> => encode(voucherLayout, voucher)

/** Builds and signs a voucher. @throws DcmlError `borsh_invalid` for an amount beyond u128 */
export async function signVoucher(
  chain: Chain,
  fields: Omit<Voucher, 'domain'>,
  signer: Signer,
): Promise<SignedVoucher> {
  const domain = { tag: KIND.tag, version: KIND.version, ...chain, subject: signer.publicKey }
  const voucher: Voucher = { domain, ...fields }
  return { voucher, signature: await signer.sign(encodeVoucher(voucher)) }
}

/** The text form that travels with a request. */
export const formatVoucher = (signed: SignedVoucher): string => toBase64url(encode(signedLayout, signed))

/**
 * Reads the text form. Says nothing about whom it is from: that is `verifyVoucher`.
 * @throws DcmlError `voucher_malformed`
 */
export const parseVoucher = (text: string): SignedVoucher =>
  readSigned(KIND, signedLayout, text, ({ voucher }) => voucher)

/**
 * Returns only for a voucher of this channel, signed by its payer. Whether the amount is covered is the channel's
 * business.
 * @param verify Ed25519 of the platform, by default `verifyEd25519`
 * @throws DcmlError `voucher_malformed` for another kind of object, `voucher_foreign` for another chain, contract,
 * channel or payer, `voucher_forged` where the signature is not the payer's
 */
export const verifyVoucher = (
  { voucher, signature }: SignedVoucher,
  channel: PayerChannel,
  verify: typeof verifyEd25519 = verifyEd25519,
): Promise<void> =>
  requirePayers(KIND, { about: voucher, message: () => encodeVoucher(voucher), signature }, channel, verify)
