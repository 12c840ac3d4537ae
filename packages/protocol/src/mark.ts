import { bytes32, encode, type Infer, struct, u64 } from './borsh.ts'
import { type Chain, domainLayout } from './domain.ts'
import type { Signer } from './signature.ts'

const VERSION = 1

const claimLayout = struct({
  /** `dcml/mark-claim`; the subject is the key of the enclave's anti-rollback device, which signs. */
  domain: domainLayout,
  /** This start of the enclave, in ms since 1970: later than every one before. */
  term: u64,
  /** Random: tells this claim from every other. */
  nonce: bytes32,
})

/**
 * What an enclave signs when it starts, to hear which state is its last and to void whatever an earlier start signed
 * (paper §6.1).
 */
export type MarkClaim = Infer<typeof claimLayout>

const markLayout = struct({
  /** `dcml/mark`; the subject is the key of the enclave's anti-rollback device, which signs. */
  domain: domainLayout,
  /** The start that claimed the mark. */
  term: u64,
  /** Number of the state, one more than that of the state before, and SHA-256 of its bytes. */
  counter: u64,
  digest: bytes32,
  /** Random: two copies of one enclave that write the same state are told apart. */
  nonce: bytes32,
})

/** What an enclave signs when it has written its next state, for a contract that keeps the last. */
export type MarkStep = Infer<typeof markLayout>

/** The bytes a device key signs; the contract builds the same. @throws DcmlError `borsh_invalid` */
export const encodeMarkClaim = (claim: MarkClaim): Uint8Array<ArrayBuffer> => encode(claimLayout, claim)

/** The bytes a device key signs; the contract builds the same. @throws DcmlError `borsh_invalid` */
export const encodeMarkStep = (step: MarkStep): Uint8Array<ArrayBuffer> => encode(markLayout, step)

/** @returns the 64-byte signature of a claim @throws DcmlError `borsh_invalid` */
export const signMarkClaim = async (
  chain: Chain,
  fields: Omit<MarkClaim, 'domain'>,
  signer: Signer,
): Promise<Uint8Array> =>
  signer.sign(encodeMarkClaim({ domain: domainOf('dcml/mark-claim', chain, signer), ...fields }))

/** @returns the 64-byte signature of a step @throws DcmlError `borsh_invalid` */
export const signMarkStep = async (
  chain: Chain,
  fields: Omit<MarkStep, 'domain'>,
  signer: Signer,
): Promise<Uint8Array> => signer.sign(encodeMarkStep({ domain: domainOf('dcml/mark', chain, signer), ...fields }))

const domainOf = (tag: string, chain: Chain, { publicKey }: Signer): MarkClaim['domain'] => ({
  tag,
  version: VERSION,
  ...chain,
  subject: publicKey,
})
