import { type CryptoHash, type PublicKey, parseHash } from '@dcml/light-client'
import { concatBytes, encode, u64, utf8 } from '@dcml/protocol'
import { sha256 } from '../wire/hash.ts'
import type { Validator } from './types.ts'

/** Where mainnet's block producer proves a VRF, the devchain hashes: the same chain draws the same numbers. */
export const vrfOf = (previous: CryptoHash, height: number): Uint8Array =>
  sha256(concatBytes(utf8('devchain vrf'), parseHash(previous), encode(u64, BigInt(height))))

/** A header's `random_value`. */
export const randomValue = (vrf: Uint8Array): Uint8Array => sha256(vrf)

/** Draws the author by stake, among those the chain has keys of. */
export function sampleAuthor(
  validators: readonly Validator[],
  random: Uint8Array,
  signers: ReadonlyMap<PublicKey, unknown>,
): Validator {
  const known = validators.filter(({ publicKey }) => signers.has(publicKey))
  const candidates = known.length > 0 ? known : validators
  const total = candidates.reduce((sum, { stake }) => sum + stake, 0n)
  let left = random.subarray(0, 16).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n) % total
  for (const candidate of candidates) {
    if (left < candidate.stake) return candidate
    left -= candidate.stake
  }
  return candidates[0] as Validator
}
