import { encode, type Layout, list, struct, u8, u128 } from '@dcml/protocol'
import type { CryptoHash } from '../transaction/types.ts'
import { accountIdLayout } from '../wire/account-id.ts'
import { hashOf } from '../wire/hash.ts'
import { publicKeyLayout } from '../wire/keys.ts'
import type { ValidatorStake } from './types.ts'

type Fields = Pick<ValidatorStake, 'accountId' | 'publicKey' | 'stake'>
const fields = struct<Fields>({ accountId: accountIdLayout, publicKey: publicKeyLayout, stake: u128 })

/** Version 1 is tag 0 of an enum; before there were versions there was no tag. Written only: the hash is what counts. */
const hashed: Pick<Layout<ValidatorStake>, 'write'> = {
  write(producer, out) {
    if (!producer.legacy) u8.write(0, out)
    fields.write(producer, out)
  },
}

/** Most producers an epoch may have here; NEAR has about 100. */
export const MAX_PRODUCERS = 1000

const hashedList = list(hashed as Layout<ValidatorStake>, MAX_PRODUCERS)

/** What `next_bp_hash` of a header is for these producers of the next epoch. */
export const producersHash = (producers: readonly ValidatorStake[]): CryptoHash =>
  hashOf(encode(hashedList, [...producers]))
