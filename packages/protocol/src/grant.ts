import { bytes, bytes32, decode, encode, type Infer, option, struct, text, u32 } from './borsh.ts'
import { type Chain, domainLayout } from './domain.ts'
import { DcmlError } from './errors.ts'

const TAG = 'dcml/key-grant'
const VERSION = 1

const grantLayout = struct({
  /** `dcml/key-grant`; the subject is modelH. */
  domain: domainLayout,
  /** X25519 secret key of the model, 32 bytes. */
  sk: bytes32,
  /** Rotation counter of sk, from 0. */
  keyEpoch: u32,
  /** Account of the contract that is paid for the model, empty before there is one. */
  ownerContract: text(64),
  /** Encoded `Provenance` of a model trained inside a TEE (paper §5), else null. */
  provenance: option(bytes(4096)),
})

/**
 * What `set_sk` carries from the publisher to an enclave, and `request_sk` from enclave to enclave (paper §4).
 * Not signed: it travels only inside a mutually attested channel.
 */
export type KeyGrant = Infer<typeof grantLayout>

/** @throws DcmlError `borsh_invalid` */
export function encodeKeyGrant(
  chain: Chain,
  modelH: Uint8Array,
  fields: Omit<KeyGrant, 'domain'>,
): Uint8Array<ArrayBuffer> {
  return encode(grantLayout, { domain: { tag: TAG, version: VERSION, ...chain, subject: modelH }, ...fields })
}

/** @throws DcmlError `grant_malformed` */
export function decodeKeyGrant(input: Uint8Array): KeyGrant {
  let grant: KeyGrant
  try {
    grant = decode(grantLayout, input)
  } catch (cause) {
    throw malformed(cause)
  }
  if (grant.domain.tag !== TAG || grant.domain.version !== VERSION) throw malformed()
  return grant
}

// no details: the bytes hold a key
const malformed = (cause?: unknown): DcmlError =>
  new DcmlError('grant_malformed', 'The key grant cannot be read.', {
    hint: 'Both sides must speak the same format version.',
    cause,
  })
