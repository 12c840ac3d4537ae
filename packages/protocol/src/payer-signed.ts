// What vouchers and requests to close have in common: the payer's channel key signs them, about one channel.
import { decode, type Layout } from './borsh.ts'
import { equalBytes, fromBase64url } from './bytes.ts'
import type { Chain, Domain } from './domain.ts'
import { DcmlError } from './errors.ts'
import type { verifyEd25519 } from './signature.ts'

/** A channel, as an object that its payer signed must name it. */
export interface PayerChannel {
  readonly chain: Chain
  readonly channelId: bigint
  /** Ed25519 key of 32 bytes that the payer named when opening the channel. */
  readonly payerKey: Uint8Array
}

/** One kind of object, and what its errors are called. */
export interface Kind {
  readonly tag: string
  readonly version: number
  /** Before `_malformed`, `_foreign` and `_forged`. */
  readonly code: string
  /** In a sentence. */
  readonly noun: string
}

interface About {
  readonly domain: Domain
  readonly channelId: bigint
}

/** Reads a text form, of whomever. @throws DcmlError `…_malformed` */
export function readSigned<T>(kind: Kind, layout: Layout<T>, text: string, about: (signed: T) => About): T {
  let signed: T
  try {
    signed = decode(layout, fromBase64url(text))
  } catch (cause) {
    throw malformed(kind, `The ${kind.noun} cannot be read.`, cause)
  }
  requireKind(kind, about(signed))
  return signed
}

/** Returns only for an object of this kind and channel, signed by its payer. @throws DcmlError `…_malformed`, `…_foreign`, `…_forged` */
export async function requirePayers(
  kind: Kind,
  { about, message, signature }: { about: About; message: () => Uint8Array; signature: Uint8Array },
  { chain, channelId, payerKey }: PayerChannel,
  verify: typeof verifyEd25519,
): Promise<void> {
  requireKind(kind, about)
  const { domain } = about
  const here =
    domain.networkId === chain.networkId &&
    domain.contract === chain.contract &&
    about.channelId === channelId &&
    equalBytes(domain.subject, payerKey)
  if (!here)
    throw new DcmlError(`${kind.code}_foreign`, `The ${kind.noun} belongs to another channel.`, {
      hint: 'Sign for the network, contract, channel and key that the opening names.',
    })
  if (!(await verify(payerKey, message(), signature)))
    throw new DcmlError(`${kind.code}_forged`, `The signature of the ${kind.noun} is not the payer's.`, {
      hint: 'Sign with the channel key that the opening names.',
    })
}

function requireKind(kind: Kind, { domain: { tag, version } }: About): void {
  if (tag !== kind.tag || version !== kind.version)
    throw malformed(kind, `"${tag}" version ${version} is not a ${kind.noun} we know.`)
}

const malformed = ({ code, noun }: Kind, message: string, cause?: unknown): DcmlError =>
  new DcmlError(`${code}_malformed`, message, { hint: `Send a ${noun} of this version.`, cause })
