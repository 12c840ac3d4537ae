// Headers as RPC writes them, read once at the boundary.
import * as v from 'valibot'
import {
  accountId,
  hash,
  height,
  type Json,
  listOf,
  publicKey,
  readValue,
  signature,
  u64,
  u128,
} from '../json/fields.ts'
import type { CryptoHash } from '../transaction/types.ts'
import { MAX_PRODUCERS } from './producers.ts'
import type { HeaderLite, InnerLite, LightClientBlock, ValidatorStake } from './types.ts'

const innerLite = v.pipe(
  v.object({
    height,
    epoch_id: hash,
    next_epoch_id: hash,
    prev_state_root: hash,
    outcome_root: hash,
    // `timestamp` is a number that JSON.parse rounds: it counts only where nodes did not yet write the string
    timestamp_nanosec: v.optional(u64),
    timestamp: v.optional(v.unknown()),
    next_bp_hash: hash,
    block_merkle_root: hash,
  }),
  v.rawTransform(({ dataset: { value }, addIssue, NEVER }): InnerLite => {
    const parsed = v.safeParse(u64, value.timestamp_nanosec ?? value.timestamp)
    if (!parsed.success) {
      addIssue({ message: `timestamp: ${parsed.issues[0].message}` })
      return NEVER
    }
    return {
      height: value.height,
      epochId: value.epoch_id,
      nextEpochId: value.next_epoch_id,
      prevStateRoot: value.prev_state_root,
      outcomeRoot: value.outcome_root,
      timestamp: parsed.output,
      nextBpHash: value.next_bp_hash,
      blockMerkleRoot: value.block_merkle_root,
    }
  }),
)

const header = { inner_lite: innerLite, inner_rest_hash: hash, prev_block_hash: hash }

interface HeaderView {
  readonly inner_lite: InnerLite
  readonly inner_rest_hash: CryptoHash
  readonly prev_block_hash: CryptoHash
}
const toHeader = (view: HeaderView): HeaderLite => ({
  innerLite: view.inner_lite,
  innerRestHash: view.inner_rest_hash,
  prevBlockHash: view.prev_block_hash,
})

/** RPC's `block_header_lite`. */
export const headerSchema: v.GenericSchema<unknown, HeaderLite> = v.pipe(v.object(header), v.transform(toHeader))

/** RPC's `ValidatorStakeView`. */
export const producersSchema: v.GenericSchema<unknown, ValidatorStake[]> = listOf(
  v.pipe(
    v.object({
      account_id: accountId,
      public_key: publicKey,
      stake: u128,
      validator_stake_struct_version: v.optional(v.literal('V1')),
    }),
    v.transform(
      (view): ValidatorStake => ({
        accountId: view.account_id,
        publicKey: view.public_key,
        stake: view.stake,
        ...(view.validator_stake_struct_version === undefined && { legacy: true }),
      }),
    ),
  ),
  MAX_PRODUCERS,
)

const blockSchema: v.GenericSchema<unknown, LightClientBlock> = v.pipe(
  v.object({
    ...header,
    next_block_inner_hash: hash,
    next_bps: v.nullish(producersSchema),
    approvals_after_next: listOf(v.nullable(signature), 2 * MAX_PRODUCERS),
  }),
  v.transform(
    (view): LightClientBlock => ({
      ...toHeader(view),
      nextBlockInnerHash: view.next_block_inner_hash,
      nextBps: view.next_bps ?? null,
      approvalsAfterNext: view.approvals_after_next,
    }),
  ),
)

/**
 * Reads a header of RPC (`block_header_lite`, or what a light client keeps of a block). Unknown fields are ignored.
 * @throws DcmlError `near_header_invalid`, naming the first wrong field
 */
export const parseHeader = (json: Json): HeaderLite => readValue(headerSchema, json, 'near_header_invalid', 'header')

/**
 * Reads the result of `next_light_client_block`. Unknown fields are ignored.
 * @throws DcmlError `near_block_invalid`, naming the first wrong field
 */
export const parseLightClientBlock = (json: Json): LightClientBlock =>
  readValue(blockSchema, json, 'near_block_invalid', 'light client block')

/**
 * Reads block producers as RPC lists them (`next_bps`, `EXPERIMENTAL_validators_ordered`).
 * @throws DcmlError `near_producers_invalid`, naming the first wrong field
 */
export const parseProducers = (json: Json): ValidatorStake[] =>
  readValue(producersSchema, json, 'near_producers_invalid', 'list of producers')
