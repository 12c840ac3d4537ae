// Signatures of the simulation: a keyed hash whose secret only the keyring knows, checked by the keyring. Nobody in a
// simulation can forge one, since nobody in it searches; and they cost a microsecond where Ed25519 costs a hundred.
import { equalBytes } from '@dcml/protocol'
import type { NodeSigner, VerifyNow } from '@dcml/protocol/por'
import type { Random } from './random.ts'

interface Pair {
  readonly publicKey: Uint8Array
  readonly secret: Uint32Array
}

export class Keyring {
  readonly #pairs: Pair[] = []
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** A new key. */
  signer(): NodeSigner {
    const publicKey = this.#random.bytes(32)
    new DataView(publicKey.buffer).setUint32(0, this.#pairs.length)
    const secret = Uint32Array.from({ length: 4 }, () => this.#random.bits())
    this.#pairs.push({ publicKey, secret })
    return { publicKey, sign: (message) => mac(secret, message) }
  }

  readonly verify: VerifyNow = (publicKey, message, signature) => {
    if (publicKey.length !== 32 || signature.length !== 64) return false
    const index = new DataView(publicKey.buffer, publicKey.byteOffset).getUint32(0)
    const pair = this.#pairs[index]
    if (pair === undefined || !equalBytes(pair.publicKey, publicKey)) return false
    return equalBytes(mac(pair.secret, message), signature)
  }
}

/** Four lanes of a multiplicative hash over the message's words, spread over 64 bytes. */
function mac(secret: Uint32Array, message: Uint8Array): Uint8Array {
  let a = secret[0]!
  let b = secret[1]!
  let c = secret[2]!
  let d = secret[3]! ^ message.length
  for (let at = 0; at < message.length; at += 4) {
    // beyond the end there is nothing, which counts as 0: the length tells such messages apart
    const word = message[at]! | (message[at + 1]! << 8) | (message[at + 2]! << 16) | (message[at + 3]! << 24)
    a = Math.imul(a ^ word, 0x9e3779b1)
    a ^= a >>> 15
    b = Math.imul(b ^ a, 0x85ebca6b) ^ (b >>> 13)
    c = Math.imul(c + b, 0xc2b2ae35) ^ (c >>> 16)
    d = (Math.imul(d, 5) + c) ^ (a >>> 7)
  }
  const out = new Uint32Array(16)
  for (let at = 0; at < 16; at++) {
    a = Math.imul(a ^ (d >>> 15), 0x85ebca6b)
    b = Math.imul(b ^ (a >>> 13), 0xc2b2ae35)
    c = Math.imul(c ^ (b >>> 16), 0x27d4eb2f)
    d = Math.imul(d ^ (c >>> 14), 0x165667b1) + at
    out[at] = a ^ b ^ c ^ d
  }
  return new Uint8Array(out.buffer)
}
