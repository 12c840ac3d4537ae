// A light client's state as text: to compile into an image, or to seal between runs. Who can change the text can make
// the client believe anything, so it belongs inside what is measured or sealed.
import * as v from 'valibot'
import { MAX_PRODUCERS } from '../block/producers.ts'
import type { ValidatorStake } from '../block/types.ts'
import { parseExactJson } from '../json/exact.ts'
import { accountId, hash, height, listOf, publicKey, readValue, u64, u128 } from '../json/fields.ts'
import { checkedState, type LightClientState } from './state.ts'

const FORMAT = 'dcml-near-trust-root'

const producers: v.GenericSchema<unknown, ValidatorStake[]> = listOf(
  v.pipe(
    v.strictObject({ accountId, publicKey, stake: u128, legacy: v.optional(v.literal(true)) }),
    v.transform(({ legacy, ...rest }): ValidatorStake => (legacy ? { ...rest, legacy } : rest)),
  ),
  MAX_PRODUCERS,
)

const schema: v.GenericSchema<unknown, LightClientState> = v.pipe(
  v.strictObject({
    format: v.literal(FORMAT),
    version: v.literal(1),
    head: v.strictObject({
      innerLite: v.strictObject({
        height,
        epochId: hash,
        nextEpochId: hash,
        prevStateRoot: hash,
        outcomeRoot: hash,
        timestamp: u64,
        nextBpHash: hash,
        blockMerkleRoot: hash,
      }),
      innerRestHash: hash,
      prevBlockHash: hash,
    }),
    headHash: hash,
    producers: v.nullable(producers),
    nextProducers: producers,
  }),
  v.transform(({ format: _, version: __, ...state }): LightClientState => state),
)

/** The state as one line of JSON; integers beyond 2^53 are decimal strings. Equal states give equal text. */
export function formatTrustRoot({ head, headHash, producers, nextProducers }: LightClientState): string {
  const { height, epochId, nextEpochId, prevStateRoot, outcomeRoot, timestamp, nextBpHash, blockMerkleRoot } =
    head.innerLite
  const text = ({ accountId, publicKey, stake, legacy }: ValidatorStake) => ({
    accountId,
    publicKey,
    stake: String(stake),
    ...(legacy && { legacy }),
  })
  return JSON.stringify({
    format: FORMAT,
    version: 1,
    head: {
      innerLite: {
        height,
        epochId,
        nextEpochId,
        prevStateRoot,
        outcomeRoot,
        timestamp: String(timestamp),
        nextBpHash,
        blockMerkleRoot,
      },
      innerRestHash: head.innerRestHash,
      prevBlockHash: head.prevBlockHash,
    },
    headHash,
    producers: producers?.map(text) ?? null,
    nextProducers: nextProducers.map(text),
  })
}

/**
 * Reads {@link formatTrustRoot}.
 * @throws DcmlError `json_invalid`, `trust_root_invalid`, and like `trustBlock` where the parts do not belong together
 */
export const parseTrustRoot = (text: string | Uint8Array): LightClientState =>
  checkedState(readValue(schema, parseExactJson(text), 'trust_root_invalid', 'trust root'))
