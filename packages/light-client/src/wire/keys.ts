import { DcmlError, fixed, type Layout, u8 } from '@dcml/protocol'
import type { PublicKey, Signature } from '../transaction/types.ts'
import { base58 } from './base58.ts'

/** Curves in the order of their tags, with the sizes of their keys and signatures in bytes (FIPS 204 for ML-DSA). */
const curves = [
  { curve: 'ed25519', publicKey: 32, signature: 64 },
  { curve: 'secp256k1', publicKey: 64, signature: 65 },
  { curve: 'ml-dsa-65', publicKey: 1952, signature: 3309 },
] as const

/** What signs on NEAR. */
export type Curve = (typeof curves)[number]['curve']

/** A public key or signature taken apart. */
export interface Keyed {
  readonly curve: Curve
  /** secp256k1 keys are the 64 bytes of an uncompressed point without its tag; signatures end with the recovery id. */
  readonly bytes: Uint8Array
}

type What = 'publicKey' | 'signature'

function parse(what: What, text: string): Keyed {
  const colon = text.indexOf(':')
  const found = curves.find(({ curve }) => curve === text.slice(0, colon))
  const length = found?.[what]
  let bytes: Uint8Array | undefined
  try {
    // base58 needs fewer than 1.4 characters a byte; decoding time is quadratic
    if (length !== undefined && text.length < colon + 2 + length * 1.4) bytes = base58.decode(text.slice(colon + 1))
  } catch {
    // told below: not base58
  }
  if (found === undefined || bytes?.length !== length || !isPlausible(what, found.curve, bytes!))
    throw new DcmlError(
      what === 'publicKey' ? 'near_key_invalid' : 'near_signature_invalid',
      `The ${what === 'publicKey' ? 'public key' : 'signature'} is not a curve and base58.`,
      {
        hint: 'Write ed25519: (or secp256k1:, ml-dsa-65:) and base58 of the whole value.',
        details: { text: text.slice(0, 80) },
      },
    )
  return { curve: found.curve, bytes: bytes! }
}

/** nearcore reads no Ed25519 signature whose scalar has one of its three highest bits set. */
const isPlausible = (what: What, curve: Curve, bytes: Uint8Array): boolean =>
  what === 'publicKey' || curve !== 'ed25519' || (bytes[63]! & 0xe0) === 0

function layout(what: What): Layout<string> {
  return {
    write(text, out) {
      const { curve, bytes } = parse(what, text)
      u8.write(
        curves.findIndex((entry) => entry.curve === curve),
        out,
      )
      out.push(bytes)
    },
    read(cursor) {
      const tag = u8.read(cursor)
      const found = curves[tag]
      if (found === undefined) throw unreadable(`${tag} is no tag of a curve.`)
      const bytes = fixed(found[what]).read(cursor)
      if (!isPlausible(what, found.curve, bytes)) throw unreadable('The signature cannot be one.')
      return format(found.curve, bytes)
    },
  }
}

const format = (curve: Curve, bytes: Uint8Array): string => `${curve}:${base58.encode(bytes)}`

const unreadable = (message: string): DcmlError =>
  new DcmlError('borsh_invalid', message, { hint: 'The object was damaged or made for a newer protocol version.' })

/** @throws DcmlError `near_key_invalid` on an unknown curve or another length */
export const parsePublicKey = (text: PublicKey): Keyed => parse('publicKey', text)

/** @throws DcmlError `near_signature_invalid` on an unknown curve, another length or a scalar nearcore does not read */
export const parseSignature = (text: Signature): Keyed => parse('signature', text)

export const formatPublicKey = ({ curve, bytes }: Keyed): PublicKey => format(curve, bytes)

export const formatSignature = ({ curve, bytes }: Keyed): Signature => format(curve, bytes)

/** A {@link PublicKey}: a tag byte for the curve, then the key. */
export const publicKeyLayout: Layout<PublicKey> = layout('publicKey')

/** A {@link Signature}: a tag byte for the curve, then the signature. */
export const signatureLayout: Layout<Signature> = layout('signature')
