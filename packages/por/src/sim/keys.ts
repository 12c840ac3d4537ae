// Signatures of the simulation: a keyed hash whose secret only the keyring knows, checked by the keyring. Nobody in a
// simulation can forge one, since nobody in it searches; and they cost a microsecond where Ed25519 costs a hundred.
import { equalBytes } from '@dcml/protocol'
import type { NodeSigner, VerifyNow } from '@dcml/protocol/por'
import type { Random } from './random.ts'

interface Pair {
  readonly publicKey: Uint8Array
  readonly secret: readonly number[]
}

export class Keyring {
  readonly #pairs: Pair[] = []
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** A new key. Its first four bytes say which it is. */
  signer(): NodeSigner {
    const publicKey = this.#random.bytes(32)
    const index = this.#pairs.length
    for (let at = 0; at < 4; at++) publicKey[at] = index >>> (8 * at)
    const secret = Array.from({ length: 4 }, () => this.#random.bits())
    this.#pairs.push({ publicKey, secret })
    return { publicKey, sign: (message) => mac(secret, message).slice() }
  }

  readonly verify: VerifyNow = (publicKey, message, signature) => {
    if (publicKey.length !== 32 || signature.length !== 64) return false
    const pair = this.#pairs[wordAt(publicKey, 0) >>> 0]
    if (pair === undefined || !equalBytes(pair.publicKey, publicKey)) return false
    return equalBytes(mac(pair.secret, message), signature)
  }
}

/** Beyond the end there is nothing, which counts as 0. */
const wordAt = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)

const result = new Uint8Array(64)

/** Four lanes of a multiplicative hash over the message's words and its length, spread over 64 bytes. Reused by the next call. */
function mac(secret: readonly number[], message: Uint8Array): Uint8Array {
  let a = secret[0]! | 0
  let b = secret[1]! | 0
  let c = secret[2]! | 0
  let d = secret[3]! ^ message.length
  for (let at = 0; at < message.length; at += 4) {
    a = Math.imul(a ^ wordAt(message, at), 0x9e3779b1)
    a ^= a >>> 15
    b = Math.imul(b ^ a, 0x85ebca6b) ^ (b >>> 13)
    c = Math.imul(c + b, 0xc2b2ae35) ^ (c >>> 16)
    d = (Math.imul(d, 5) + c) ^ (a >>> 7)
  }
  for (let at = 0; at < 64; at += 4) {
    a = Math.imul(a ^ (d >>> 15), 0x85ebca6b)
    b = Math.imul(b ^ (a >>> 13), 0xc2b2ae35)
    c = Math.imul(c ^ (b >>> 16), 0x27d4eb2f)
    d = (Math.imul(d ^ (c >>> 14), 0x165667b1) + at) | 0
    const word = a ^ b ^ c ^ d
    result[at] = word
    result[at + 1] = word >>> 8
    result[at + 2] = word >>> 16
    result[at + 3] = word >>> 24
  }
  return result
}
