// One question to an enclave and its answer, over whoever carries them: HPKE to the key in its evidence (RFC 9180), and
// back with a key that only the two can derive (as Oblivious HTTP answers, RFC 9458 §4.4).
import { concatBytes, DcmlError, utf8 } from '@dcml/protocol'
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { pad, unpad } from './padding.ts'

/** Longest sealed question and answer in bytes: what Proof of Response carries. */
export const MAX_SEALED_QUESTION = 65_536
export const MAX_SEALED_ANSWER = 1_048_576

// X25519 of the platform (WebCrypto): an enclave opens whatever a stranger sends, and must not be slowed by it
const hpke = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })
const INFO = utf8('dcml/sealed/1')
const ANSWER = utf8('dcml/sealed/1 answer')
const [ENC, NONCE, KEY, IV] = [32, 32, 32, 12]

/** A question as it leaves, and the only means to read its answer. */
export interface SealedQuestion {
  readonly payload: Uint8Array
  /** @throws DcmlError `sealed_unreadable`: it is no answer to this question by the enclave it was sealed to */
  openAnswer(sealed: Uint8Array): Promise<Uint8Array>
}

/** A question as the enclave reads it. */
export interface OpenedQuestion {
  readonly message: Uint8Array
  /** The sender's one-time key: the same for a question that is sent again. */
  readonly oneTimeKey: Uint8Array
  /** @param most largest answer in bytes once sealed, a power of two @throws DcmlError `sealed_too_large` */
  sealAnswer(message: Uint8Array, most: number): Promise<Uint8Array>
}

/**
 * Seals a question to an enclave. Whoever carries it sees a size class.
 * @param hpkeKey of verified claims
 * @throws DcmlError `sealed_too_large` above 64 KiB, `sealed_key_malformed`
 */
export async function sealQuestion(hpkeKey: Uint8Array, message: Uint8Array): Promise<SealedQuestion> {
  const padded = pad(message, MAX_SEALED_QUESTION)
  const sender = await sending(hpkeKey)
  const enc = new Uint8Array(sender.enc)
  const payload = concatBytes(enc, new Uint8Array(await sender.seal(padded)))
  const secret = new Uint8Array(await sender.export(ANSWER, KEY))
  return {
    payload,
    async openAnswer(sealed) {
      const nonce = sealed.subarray(0, NONCE)
      if (sealed.length > MAX_SEALED_ANSWER || nonce.length < NONCE) throw unreadable('answer')
      const { key, iv } = await answerKey(secret, enc, nonce, 'decrypt')
      const opened = await crypto.subtle
        .decrypt({ name: 'AES-GCM', iv }, key, Uint8Array.from(sealed.subarray(NONCE)))
        .catch((cause: unknown) => Promise.reject(unreadable('answer', cause)))
      return unpad(new Uint8Array(opened)) ?? Promise.reject(unreadable('answer'))
    },
  }
}

/**
 * Opens what {@link sealQuestion} sealed to this key.
 * @param privateKey X25519, 32 bytes
 * @throws DcmlError `sealed_unreadable`: sealed to another key, damaged, or no sealed question at all
 */
export async function openQuestion(privateKey: Uint8Array, payload: Uint8Array): Promise<OpenedQuestion> {
  if (payload.length > MAX_SEALED_QUESTION || payload.length < ENC) throw unreadable('question')
  const enc = Uint8Array.from(payload.subarray(0, ENC))
  let message: Uint8Array | undefined
  let secret: Uint8Array
  try {
    const recipientKey = await hpke.kem.deserializePrivateKey(Uint8Array.from(privateKey))
    const recipient = await hpke.createRecipientContext({ recipientKey, enc, info: INFO })
    message = unpad(new Uint8Array(await recipient.open(Uint8Array.from(payload.subarray(ENC)))))
    secret = new Uint8Array(await recipient.export(ANSWER, KEY))
  } catch (cause) {
    throw unreadable('question', cause)
  }
  if (message === undefined) throw unreadable('question')
  return {
    message,
    oneTimeKey: enc,
    async sealAnswer(answer, most) {
      const padded = pad(answer, Math.min(most, MAX_SEALED_ANSWER))
      // a question may be answered more than once: the nonce keeps every answer's key apart
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE))
      const { key, iv } = await answerKey(secret, enc, nonce, 'encrypt')
      return concatBytes(nonce, new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, padded)))
    },
  }
}

async function sending(hpkeKey: Uint8Array) {
  try {
    const recipientPublicKey = await hpke.kem.deserializePublicKey(Uint8Array.from(hpkeKey))
    return await hpke.createSenderContext({ recipientPublicKey, info: INFO })
  } catch (cause) {
    throw new DcmlError('sealed_key_malformed', 'The key to seal to is no X25519 key.', {
      hint: 'Take it from claims that were verified.',
      cause,
    })
  }
}

async function answerKey(secret: Uint8Array, enc: Uint8Array, nonce: Uint8Array, use: 'encrypt' | 'decrypt') {
  const prk = extract(sha256, secret, concatBytes(enc, nonce))
  const raw = Uint8Array.from(expand(sha256, prk, utf8('key'), KEY))
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, [use])
  return { key, iv: Uint8Array.from(expand(sha256, prk, utf8('nonce'), IV)) }
}

const unreadable = (what: string, cause?: unknown): DcmlError =>
  new DcmlError('sealed_unreadable', `The sealed ${what} cannot be opened.`, {
    hint: 'It was damaged on the way, or sealed to another enclave, or to an earlier life of this one.',
    cause,
  })
