import { unsigned } from '../call.ts'
import { isP256Signature, recoverSecp256k1, verifyEd25519, verifyP256 } from '../crypto/signatures.ts'
import { hostError } from '../host-error.ts'
import { gated, type HostTable, u64 } from './define.ts'

export const signatures: HostTable = {
  ed25519_verify: u64((call, sigLength, sig, messageLength, messagePointer, keyLength, key) => {
    call.pay('ed25519_verify_base')
    const signature = call.take(sig, sigLength)
    if (signature.length !== 64) throw hostError('Ed25519VerifyInvalidInput', { msg: 'invalid signature length' })
    if ((signature[63]! & 0xe0) !== 0) return 0
    const message = call.take(messagePointer, messageLength)
    call.payPer('ed25519_verify_byte', message.length)
    const publicKey = call.readAny(key, keyLength)
    if (publicKey.length !== 32) throw hostError('Ed25519VerifyInvalidInput', { msg: 'invalid public key length' })
    return verifyEd25519(publicKey, message, signature) ? 1 : 0
  }),

  p256_verify: gated(
    'p256_verify_host_fn',
    u64((call, sigLength, sig, messageLength, messagePointer, keyLength, key) => {
      call.pay('p256_verify_base')
      const signature = call.take(sig, sigLength)
      if (signature.length !== 64) throw hostError('P256VerifyInvalidInput', { msg: 'invalid signature length' })
      if (!isP256Signature(signature)) return 0
      const prehash = call.take(messagePointer, messageLength)
      call.payPer('p256_verify_byte', prehash.length)
      const publicKey = call.take(key, keyLength)
      if (publicKey.length !== 33) throw hostError('P256VerifyInvalidInput', { msg: 'invalid public key length' })
      return verifyP256(publicKey, prehash, signature) ? 1 : 0
    }),
  ),

  ecrecover: u64((call, hashLength, hashPointer, sigLength, sig, v, malleability, register) => {
    call.pay('ecrecover_base')
    const signature = call.take(sig, sigLength)
    if (signature.length !== 64)
      throw recoverError(`The length of the signature: ${signature.length}, exceeds the limit of 64 bytes`)
    if (unsigned(v) > 3)
      throw recoverError(`V recovery byte 0 through 3 are valid but was provided ${BigInt.asUintN(64, v)}`)
    const hash = call.take(hashPointer, hashLength)
    if (hash.length !== 32) throw recoverError(`The length of the hash: ${hash.length}, exceeds the limit of 32 bytes`)
    if (unsigned(malleability) > 1)
      throw recoverError(`Malleability flag needs to be 0 or 1, but is instead ${BigInt.asUintN(64, malleability)}`)
    const key = recoverSecp256k1(hash, signature, Number(v), malleability === 1n)
    if (key === undefined) return 0
    call.setRegister(register, key)
    return 1
  }),
}

const recoverError = (msg: string) => hostError('ECRecoverError', { msg })
