import { bytes32, decode, encode, fixed, type Infer, struct, u64, u128 } from './borsh.ts'
import { equalBytes, fromBase64url, toBase64url } from './bytes.ts'
import { type Chain, domainLayout } from './domain.ts'
import { DcmlError } from './errors.ts'
import { type Prices, sharesOf } from './prices.ts'
import { type Signer, verifyEd25519 } from './signature.ts'

const TAG = 'dcml/approval'
const VERSION = 1

const approvalLayout = struct({
  /** `dcml/approval`; the subject is the session key, which signs. */
  domain: domainLayout,
  /** Id of the channel in the contract that the domain names. */
  channelId: u64,
  /** The enclave's random number in the opening (paper §6): ties the channel to one life of one enclave. */
  challenge: bytes32,
  /** Tokens delivered on this channel in all: the contract splits `spent` by them. */
  promptTokens: u64,
  completionTokens: u64,
  /** yoctoNEAR delivered in all; what the token counts cost at the channel's prices, to the yocto. */
  spent: u128,
  /** Anti-rollback counter of the enclave when it signed (paper §6.1). */
  counter: u64,
})

/**
 * The enclave's word that a channel may close, and on what (paper §6, `request_channel_closure`). For one channel an
 * enclave signs one final amount, ever: the last it delivered, or zero for a channel that names its session key and was
 * never established, so that nobody can open one that it could not answer for.
 */
export type Approval = Infer<typeof approvalLayout>

const signedLayout = struct({ approval: approvalLayout, signature: fixed(64) })

/** An approval and the session key's Ed25519 signature over its borsh bytes. */
export type SignedApproval = Infer<typeof signedLayout>

/** What an approval must belong to. */
export interface ApprovalChannel {
  readonly chain: Chain
  readonly channelId: bigint
  readonly challenge: Uint8Array
  /** Ed25519 key of 32 bytes that the opening names. */
  readonly sessionKey: Uint8Array
  readonly prices: Prices
}

/** The bytes a session key signs; the contract builds the same. @throws DcmlError `borsh_invalid` */
export const encodeApproval = (approval: Approval): Uint8Array<ArrayBuffer> => encode(approvalLayout, approval)

/** Builds and signs an approval. @throws DcmlError `borsh_invalid` */
export async function signApproval(
  chain: Chain,
  fields: Omit<Approval, 'domain'>,
  signer: Signer,
): Promise<SignedApproval> {
  const domain = { tag: TAG, version: VERSION, ...chain, subject: signer.publicKey }
  const approval: Approval = { domain, ...fields }
  return { approval, signature: await signer.sign(encodeApproval(approval)) }
}

/** The text form that travels from the enclave to whoever closes. */
export const formatApproval = (signed: SignedApproval): string => toBase64url(encode(signedLayout, signed))

/**
 * Reads the text form. Says nothing about whom it is from: that is `verifyApproval`.
 * @throws DcmlError `approval_malformed`
 */
export function parseApproval(text: string): SignedApproval {
  let signed: SignedApproval
  try {
    signed = decode(signedLayout, fromBase64url(text))
  } catch (cause) {
    throw malformed('The approval cannot be read.', cause)
  }
  const { tag, version } = signed.approval.domain
  if (tag !== TAG || version !== VERSION) throw malformed(`"${tag}" version ${version} is not an approval we know.`)
  return signed
}

/**
 * Returns only for an approval the contract would take, but for the deposit: of this channel and enclave life, with
 * `spent` what the tokens cost, signed by the session key.
 * @throws DcmlError `approval_malformed` for another kind of object, `approval_foreign` for another chain, contract,
 * channel, challenge or enclave, `approval_wrong_sum` where tokens and `spent` disagree, `approval_forged` where the
 * signature is not the enclave's
 */
export async function verifyApproval(
  signed: SignedApproval,
  channel: ApprovalChannel,
  verify: typeof verifyEd25519 = verifyEd25519,
): Promise<void> {
  const { approval, signature } = signed
  const { domain, channelId, challenge, spent } = approval
  if (domain.tag !== TAG || domain.version !== VERSION) throw malformed('The object is not an approval.')
  const here =
    domain.networkId === channel.chain.networkId &&
    domain.contract === channel.chain.contract &&
    channelId === channel.channelId &&
    equalBytes(challenge, channel.challenge) &&
    equalBytes(domain.subject, channel.sessionKey)
  if (!here)
    throw new DcmlError('approval_foreign', 'The approval belongs to another channel.', {
      hint: 'Ask the enclave that this channel was opened with.',
    })
  if (sharesOf(channel.prices, approval).spent !== spent)
    throw new DcmlError('approval_wrong_sum', 'The tokens at the channel’s prices do not cost what was spent.', {
      hint: 'Do not submit it: the contract refuses it. The enclave and the contract disagree about prices.',
    })
  if (!(await verify(channel.sessionKey, encodeApproval(approval), signature)))
    throw new DcmlError('approval_forged', "The approval's signature is not the enclave's.", {
      hint: 'Ask the enclave that this channel was opened with.',
    })
}

const malformed = (message: string, cause?: unknown): DcmlError =>
  new DcmlError('approval_malformed', message, { hint: 'Ask the enclave for an approval of this version.', cause })
