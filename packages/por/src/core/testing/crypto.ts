// Signatures that cost a hash: nobody forges one without the secret, which is what the tests need of them.

import { concatBytes, toHex, utf8 } from '@dcml/protocol'
import type { NodeSigner, VerifyNow } from '@dcml/protocol/por'
import { sha256 } from '@noble/hashes/sha2.js'

const secrets = new Map<string, Uint8Array>()

const mac = (secret: Uint8Array, message: Uint8Array): Uint8Array => {
  const half = sha256(concatBytes(secret, message))
  return concatBytes(half, half)
}

export function cheapSigner(account: string): NodeSigner {
  const secret = sha256(utf8(`secret of ${account}`))
  const publicKey = sha256(secret)
  secrets.set(toHex(publicKey), secret)
  return { publicKey, sign: (message) => mac(secret, message) }
}

export const cheapVerify: VerifyNow = (publicKey, message, signature) => {
  const secret = secrets.get(toHex(publicKey))
  return secret !== undefined && toHex(mac(secret, message)) === toHex(signature)
}
