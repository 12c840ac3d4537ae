import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Keyring } from './keys.ts'
import { Random } from './random.ts'

const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))

test('a signature holds for its key and message, and for nothing one bit away', () => {
  const keyring = new Keyring(new Random(1))
  const [signer, other] = [keyring.signer(), keyring.signer()]
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), (message, at) => {
      const signature = signer.sign(message)
      expect(keyring.verify(signer.publicKey, message, signature)).toBe(true)
      expect(keyring.verify(other.publicKey, message, signature)).toBe(false)
      expect(keyring.verify(signer.publicKey, flipped(message, at % (8 * message.length)), signature)).toBe(false)
      expect(keyring.verify(signer.publicKey, message, flipped(signature, at % 512))).toBe(false)
      expect(keyring.verify(flipped(signer.publicKey, at % 256), message, signature)).toBe(false)
      expect(keyring.verify(signer.publicKey, message, signature.slice(1))).toBe(false)
    }),
  )
})
