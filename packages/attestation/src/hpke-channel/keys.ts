// The secrets of a session (RFC 9180). Auth mode: only the holder of the client key that was attested can have set it up.
// The context seals nothing itself: each message gets a key of its own from it (§5.3), so that requests may run side by
// side, and none can stand in for another.
import { concatBytes, DcmlError, utf8 } from '@dcml/protocol'
import { CipherSuite, DhkemX25519HkdfSha256, ExportOnly, HkdfSha256 } from '@hpke/core'
import { sha256 } from '@noble/hashes/sha2.js'
import { u64 } from './wire.ts'

const hpke = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new ExportOnly() })
const TAG = utf8('dcml/browser-channel/1\0')

/** A key of WebCrypto. */
export type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** An X25519 pair of WebCrypto. */
export interface KeyPair {
  readonly publicKey: Key
  readonly privateKey: Key
}

/** What a session is about: the claims that were verified, and what the browser contributed to it. */
export interface SessionTerms {
  /** Exact bytes. */
  readonly claims: Uint8Array
  readonly nonce: Uint8Array
}

/** Way of a message. */
export type Direction = 'request' | 'answer'

const DIRECTION = { request: 0, answer: 1 } as const

/** One byte that stands for the way. */
export const directionByte = (direction: Direction): Uint8Array => Uint8Array.of(DIRECTION[direction])

/** The secrets of one session, from which each message has its key. */
export interface Secrets {
  /**
   * Key of one message, AES-256-GCM. @param salt 32 random bytes of the enclave for an answer, so that no two answers
   * share a key whatever state was lost; empty for a request
   */
  messageKey(direction: Direction, sequence: number, salt: Uint8Array): Promise<Key>
}

const info = ({ claims, nonce }: SessionTerms): Uint8Array<ArrayBuffer> => concatBytes(TAG, sha256(claims), nonce)

interface Context {
  export(context: Uint8Array, length: number): Promise<ArrayBuffer>
}

const secretsOf = (context: Context): Secrets => ({
  async messageKey(direction, sequence, salt) {
    const raw = await context.export(concatBytes(TAG, directionByte(direction), u64(sequence), salt), 32)
    return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
  },
})

/** A fresh X25519 pair whose private key no script can read. @throws DcmlError `browser_unsupported` */
export async function makeKeyPair(): Promise<{ pair: KeyPair; publicKey: Uint8Array<ArrayBuffer> }> {
  try {
    const pair = (await crypto.subtle.generateKey('X25519', false, ['deriveBits'])) as KeyPair
    return { pair, publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)) }
  } catch (cause) {
    throw new DcmlError('browser_unsupported', 'This browser has no X25519.', {
      hint: 'Use a browser of 2025 or later.',
      cause,
    })
  }
}

/** The browser's half (RFC 9180 §5.1.3, SetupAuthS). */
export async function clientSecrets(
  terms: SessionTerms & { readonly hpkeKey: Uint8Array; readonly pair: KeyPair },
): Promise<Secrets & { readonly enc: Uint8Array }> {
  const recipientPublicKey = await hpke.kem.deserializePublicKey(Uint8Array.from(terms.hpkeKey))
  const context = await hpke.createSenderContext({ recipientPublicKey, senderKey: terms.pair, info: info(terms) })
  return { enc: new Uint8Array(context.enc), ...secretsOf(context) }
}

/** The enclave's half (SetupAuthR). Rejects where a key is none. */
export async function enclaveSecrets(
  terms: SessionTerms & {
    readonly hpkeKey: KeyPair
    readonly clientKey: Uint8Array
    readonly enc: Uint8Array
  },
): Promise<Secrets> {
  const senderPublicKey = await hpke.kem.deserializePublicKey(Uint8Array.from(terms.clientKey))
  const { hpkeKey: recipientKey, enc } = terms
  return secretsOf(await hpke.createRecipientContext({ recipientKey, senderPublicKey, enc, info: info(terms) }))
}
