// Execution proofs as RPC writes them, read once at the boundary.
import * as v from 'valibot'
import { headerSchema } from '../block/schema.ts'
import type { HeaderLite } from '../block/types.ts'
import { accountId, bytes, hash, type Json, listOf, readValue, text, u64, u128 } from '../json/fields.ts'
import type { MerklePath } from '../merkle/path.ts'
import type { CryptoHash } from '../transaction/types.ts'
import type { Outcome, OutcomeStatus } from './types.ts'

/** Result of `EXPERIMENTAL_light_client_proof`: an outcome and its way up to the block tree of a head. */
export interface ExecutionProof {
  /** Transaction hash or receipt id. */
  readonly id: CryptoHash
  readonly outcome: Outcome
  /** Block whose header carries the outcome root: {@link blockHash} of `header`. */
  readonly blockHash: CryptoHash
  /** From the outcome's leaf to its shard's outcome root. */
  readonly outcomePath: MerklePath
  /** From the shard's leaf to the header's outcome root. */
  readonly shardPath: MerklePath
  readonly header: HeaderLite
  /** From the block's hash to the head's block root. */
  readonly blockPath: MerklePath
}

/** A hundred calls in a receipt, with a hundred logs each (nearcore `max_number_logs`, `max_actions_per_receipt`). */
const MAX_LOGS = 10_000

/** No tree on NEAR is higher: indices are u64. */
const MAX_PATH = 64

const path: v.GenericSchema<unknown, MerklePath> = listOf(
  v.object({ hash, direction: v.picklist(['Left', 'Right']) }),
  MAX_PATH,
)

const status: v.GenericSchema<unknown, OutcomeStatus> = v.union([
  v.pipe(
    v.strictObject({ SuccessValue: bytes }),
    v.transform((view): OutcomeStatus => ({ type: 'SuccessValue', value: view.SuccessValue })),
  ),
  v.pipe(
    v.strictObject({ SuccessReceiptId: hash }),
    v.transform((view): OutcomeStatus => ({ type: 'SuccessReceiptId', receiptId: view.SuccessReceiptId })),
  ),
  v.pipe(
    v.strictObject({ Failure: v.unknown() }),
    v.transform((view): OutcomeStatus => ({ type: 'Failure', error: view.Failure })),
  ),
  v.pipe(
    v.literal('Unknown'),
    v.transform((): OutcomeStatus => ({ type: 'Unknown' })),
  ),
])

const outcome = v.pipe(
  v.object({
    executor_id: accountId,
    logs: listOf(text, MAX_LOGS),
    receipt_ids: v.array(hash),
    gas_burnt: u64,
    tokens_burnt: u128,
    status,
  }),
  v.transform(
    (view): Outcome => ({
      executorId: view.executor_id,
      logs: view.logs,
      receiptIds: view.receipt_ids,
      gasBurnt: view.gas_burnt,
      tokensBurnt: view.tokens_burnt,
      status: view.status,
    }),
  ),
)

/** RPC's `RpcLightClientExecutionProofResponse`. */
export const executionProofSchema: v.GenericSchema<unknown, ExecutionProof> = v.pipe(
  v.object({
    outcome_proof: v.object({ id: hash, block_hash: hash, outcome, proof: path }),
    outcome_root_proof: path,
    block_header_lite: headerSchema,
    block_proof: path,
  }),
  v.transform(
    (view): ExecutionProof => ({
      id: view.outcome_proof.id,
      outcome: view.outcome_proof.outcome,
      blockHash: view.outcome_proof.block_hash,
      outcomePath: view.outcome_proof.proof,
      shardPath: view.outcome_root_proof,
      header: view.block_header_lite,
      blockPath: view.block_proof,
    }),
  ),
)

/**
 * Reads the result of `EXPERIMENTAL_light_client_proof`. Unknown fields are ignored.
 * @throws DcmlError `near_proof_invalid`, naming the first wrong field
 */
export const parseExecutionProof = (json: Json): ExecutionProof =>
  readValue(executionProofSchema, json, 'near_proof_invalid', 'execution proof')
