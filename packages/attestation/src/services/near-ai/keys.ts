// Keys as NEAR AI Cloud names them: an Ed25519 key by itself, a secp256k1 key by its Ethereum address.
import { concatBytes, equalBytes, utf8, verifyEd25519 } from '@dcml/protocol'
import { keccak_256 } from '@noble/hashes/sha3.js'

/** The address of a public key: of Ed25519 the key, of secp256k1 the last 20 bytes of Keccak-256 over x‖y. */
export function addressOf(publicKey: Uint8Array): Uint8Array | undefined {
  if (publicKey.length === 32) return publicKey
  const point = publicKey.length === 65 && publicKey[0] === 4 ? publicKey.subarray(1) : publicKey
  return point.length === 64 ? keccak_256(point).subarray(12) : undefined
}

/** EIP-191, version 0x45: what wallets and NEAR AI Cloud hash before they sign a text. */
export function personalMessageH(text: string): Uint8Array {
  const message = utf8(text)
  return keccak_256(concatBytes(utf8(`\x19Ethereum Signed Message:\n${message.length}`), message))
}

/** Whether the key of `address` signed `text`: an Ed25519 signature, or r‖s‖v of secp256k1 over EIP-191. */
export async function signedBy(address: Uint8Array, text: string, signature: Uint8Array): Promise<boolean> {
  if (address.length === 32) return signature.length === 64 && verifyEd25519(address, utf8(text), signature)
  const v = signature[64]
  if (signature.length !== 65 || v === undefined) return false
  const recovery = v >= 27 ? v - 27 : v
  if (recovery > 1) return false
  const { secp256k1 } = await import('@noble/curves/secp256k1.js')
  try {
    const recovered = secp256k1.Signature.fromBytes(signature.subarray(0, 64), 'compact')
      .addRecoveryBit(recovery)
      .recoverPublicKey(personalMessageH(text))
    const signer = addressOf(recovered.toBytes(false))
    return signer !== undefined && equalBytes(signer, address)
  } catch {
    return false
  }
}
