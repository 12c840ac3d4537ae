import { verifyEd25519 } from '@dcml/protocol'
import { endorsementMessage, nextBlockHash } from '../block/hash.ts'
import type { LightClientBlock, ValidatorStake } from '../block/types.ts'
import { demand } from '../check.ts'
import type { CryptoHash } from '../transaction/types.ts'
import { parsePublicKey, parseSignature } from '../wire/keys.ts'

/** A producer's vote. */
export interface Vote {
  /** Place among the producers. */
  readonly index: number
  readonly producer: ValidatorStake
  readonly valid: boolean
}

/**
 * Verifies what producers signed for the block after `block`, all at once. Approvals beyond the number of producers
 * belong to those of the next epoch, where an epoch ends: they are not looked at.
 * @param hash hash of `block`
 */
export function countVotes(
  block: LightClientBlock,
  hash: CryptoHash,
  producers: readonly ValidatorStake[],
): Promise<Vote[]> {
  const { innerLite, nextBlockInnerHash, approvalsAfterNext } = block
  const message = endorsementMessage(nextBlockHash(nextBlockInnerHash, hash), innerLite.height + 2)
  const votes = producers.flatMap((producer, index) => {
    const approval = approvalsAfterNext[index]
    return approval == null ? [] : [{ index, producer, approval }]
  })
  return Promise.all(
    votes.map(async ({ index, producer, approval }) => {
      const key = parsePublicKey(producer.publicKey)
      const signature = parseSignature(approval)
      // nearcore's ECDSA takes messages of 32 bytes alone, and this one has 41: only Ed25519 can approve
      const isEd25519 = key.curve === 'ed25519' && signature.curve === 'ed25519'
      return { index, producer, valid: isEd25519 && (await verifyEd25519(key.bytes, message, signature.bytes)) }
    }),
  )
}

/** @throws Refusal where a vote is not its producer's */
export function requireGenuine(votes: readonly Vote[]): void {
  const forged = votes.find(({ valid }) => !valid)
  demand(
    forged === undefined,
    () => `approval ${forged?.index} is not signed by ${forged?.producer.accountId} for this block`,
  )
}

/** @throws Refusal unless more than two thirds of the stake voted */
export function requireTwoThirds(votes: readonly Vote[], producers: readonly ValidatorStake[]): void {
  const sum = (all: readonly ValidatorStake[]) => all.reduce((total, { stake }) => total + stake, 0n)
  const voted = sum(votes.map(({ producer }) => producer))
  const total = sum(producers)
  demand(voted * 3n > total * 2n, () => `${voted} of ${total} yoctoNEAR approved, which is not more than two thirds`)
}
