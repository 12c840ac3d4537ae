import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { Signer } from '@dcml/protocol'

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')

/** 32 bytes that a name stands for: challenges, request bodies, seeds. */
export const bytesOf = (name: string): Uint8Array => Uint8Array.from(createHash('sha256').update(name).digest())

/** An Ed25519 key that a name stands for. */
export function signerOf(name: string): Signer {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, bytesOf(name)]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-32)
  return { publicKey: Uint8Array.from(publicKey), sign: (message) => Uint8Array.from(sign(null, message, key)) }
}

/** The contract's host function of this name. */
export function ed25519Verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' })
  return verify(null, message, key, signature)
}
