import { bytes32, decode, encode, fixed, type Infer, struct, u32, u64, u128 } from './borsh.ts'
import { equalBytes, fromBase64url, toBase64url } from './bytes.ts'
import { type Chain, domainLayout } from './domain.ts'
import { DcmlError } from './errors.ts'
import { type Signer, verifyEd25519 } from './signature.ts'

const TAG = 'dcml/receipt'
const VERSION = 1

const receiptLayout = struct({
  /** `dcml/receipt`; the subject is the session key that signs. */
  domain: domainLayout,
  /** Root of the model's files (paper §3). */
  modelH: bytes32,
  /** Digest of the workload the TEE measured (`docker_hash`, paper §9). */
  imageH: bytes32,
  /** SHA-256 of the exact request body. */
  requestH: bytes32,
  /** See `responseHash`. */
  responseH: bytes32,
  promptTokens: u32,
  completionTokens: u32,
  /** Payment channel, 32 zero bytes where the host serves without one. */
  channelId: bytes32,
  /** yoctoNEAR delivered on this channel so far, this response included. */
  spent: u128,
  /** Counts the receipts of one session key, from 1. */
  sequence: u64,
  /** Unix time in milliseconds by the enclave's clock. */
  time: u64,
})

/** What the enclave signs at the end of every response (paper §3: modelH with each completion). */
export type Receipt = Infer<typeof receiptLayout>

const signedLayout = struct({ receipt: receiptLayout, signature: fixed(64) })

/** A receipt and the session key's Ed25519 signature over its borsh bytes. */
export type SignedReceipt = Infer<typeof signedLayout>

/** Channel id of a response that nobody paid for. */
export const NO_CHANNEL: Uint8Array = new Uint8Array(32)

/** The bytes a session key signs. @throws DcmlError `borsh_invalid` */
export const encodeReceipt = (receipt: Receipt): Uint8Array<ArrayBuffer> => encode(receiptLayout, receipt)

/** Builds and signs a receipt. */
export async function signReceipt(
  chain: Chain,
  fields: Omit<Receipt, 'domain'>,
  signer: Signer,
): Promise<SignedReceipt> {
  const domain = { tag: TAG, version: VERSION, ...chain, subject: signer.publicKey }
  const receipt: Receipt = { domain, ...fields }
  return { receipt, signature: await signer.sign(encodeReceipt(receipt)) }
}

/** The text form that travels in the `dcml` field of a response. */
export const formatReceipt = (signed: SignedReceipt): string => toBase64url(encode(signedLayout, signed))

/**
 * Reads the text form. Says nothing about the signature: that is `verifyReceipt`.
 * @throws DcmlError `receipt_malformed`
 */
export function parseReceipt(text: string): SignedReceipt {
  let signed: SignedReceipt
  try {
    signed = decode(signedLayout, fromBase64url(text))
  } catch (cause) {
    throw malformed('The receipt cannot be read.', cause)
  }
  const { tag, version } = signed.receipt.domain
  if (tag !== TAG || version !== VERSION) throw malformed(`"${tag}" version ${version} is not a receipt we know.`)
  return signed
}

/** True when the receipt was signed by `sessionKey`, which the caller must know from verified evidence. */
export async function verifyReceipt(signed: SignedReceipt, sessionKey: Uint8Array): Promise<boolean> {
  if (!equalBytes(signed.receipt.domain.subject, sessionKey)) return false
  return verifyEd25519(sessionKey, encodeReceipt(signed.receipt), signed.signature)
}

const malformed = (message: string, cause?: unknown): DcmlError =>
  new DcmlError('receipt_malformed', message, { hint: 'Ask the host for a receipt of this version.', cause })
