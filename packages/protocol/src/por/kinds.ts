// What every signed object of Proof of Response has in common: a node signs it, about one thing, for one contract.
import { decode, encode, fixed, type Infer, type Layout, struct } from '../borsh.ts'
import { equalBytes } from '../bytes.ts'
import type { Chain, Domain } from '../domain.ts'
import { DcmlError } from '../errors.ts'

/** Signs and checks at once: a hop does both on the way of every message. */
export interface NodeSigner {
  /** Ed25519 key of 32 bytes, as registered with the contract. */
  readonly publicKey: Uint8Array
  /** 64-byte Ed25519 signature. */
  sign(message: Uint8Array): Uint8Array
}

/** Ed25519: false for a wrong signature and for keys or signatures of wrong length. */
export type VerifyNow = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

/** An object and its signer's Ed25519 signature over its borsh bytes. */
export interface Signed<T> {
  readonly body: T
  readonly signature: Uint8Array
}

/** One kind of object: its tag in the domain, and how it is written. */
export interface Kind<T extends { readonly domain: Domain }> {
  readonly tag: string
  readonly layout: Layout<T>
}

/** Format version of all of them. */
export const VERSION = 1

export const kind = <L extends Layout<{ readonly domain: Domain }>>(tag: string, layout: L): Kind<Infer<L>> =>
  ({ tag, layout }) as unknown as Kind<Infer<L>>

/** The bytes that are signed. @throws DcmlError `borsh_invalid` */
export const bytesOf = <T extends { readonly domain: Domain }>({ layout }: Kind<T>, body: T): Uint8Array<ArrayBuffer> =>
  encode(layout, body)

/** How an object of a kind is written with its signature. */
export const signedLayout = <T extends { readonly domain: Domain }>({ layout }: Kind<T>): Layout<Signed<T>> =>
  struct<Signed<T>>({ body: layout, signature: fixed(64) })

/** An object with its signature, as it travels and as contracts take it. @throws DcmlError `borsh_invalid` */
export const encodeSigned = <T extends { readonly domain: Domain }>(of: Kind<T>, signed: Signed<T>): Uint8Array =>
  encode(signedLayout(of), signed)

/** Reads one, of whomever: {@link requireSigned} says whose it is. @throws DcmlError `borsh_invalid` */
export const decodeSigned = <T extends { readonly domain: Domain }>(of: Kind<T>, bytes: Uint8Array): Signed<T> =>
  decode(signedLayout(of), bytes)

/** Builds and signs an object of a kind. @throws DcmlError `borsh_invalid` */
export function sign<T extends { readonly domain: Domain }>(
  of: Kind<T>,
  chain: Chain,
  fields: Omit<T, 'domain'>,
  signer: NodeSigner,
): Signed<T> {
  const domain = { tag: of.tag, version: VERSION, ...chain, subject: signer.publicKey }
  const body = { domain, ...fields } as T
  return { body, signature: signer.sign(bytesOf(of, body)) }
}

/**
 * Returns only for an object of this kind and contract, signed with this key.
 * @throws DcmlError `por_foreign` for another kind, contract or signer, `por_forged` for a wrong signature
 */
export function requireSigned<T extends { readonly domain: Domain }>(
  of: Kind<T>,
  { body, signature }: Signed<T>,
  chain: Chain,
  publicKey: Uint8Array,
  verify: VerifyNow,
): void {
  const { tag, version, networkId, contract, subject } = body.domain
  const isHere = networkId === chain.networkId && contract === chain.contract && equalBytes(subject, publicKey)
  if (tag !== of.tag || version !== VERSION || !isHere)
    throw new DcmlError('por_foreign', `This is no ${of.tag} of that node for ${chain.contract}.`, {
      hint: 'Sign for the network, contract and node key that the edge names.',
    })
  if (!verify(publicKey, bytesOf(of, body), signature))
    throw new DcmlError('por_forged', `The signature under this ${of.tag} is not its node’s.`, {
      hint: 'Sign with the key that the node registered.',
    })
}
