import * as v from 'valibot'
import { bytes, type Json, listOf, readValue } from '../json/fields.ts'
import { type ExecutionProof, executionProofSchema } from '../outcome/schema.ts'

/** Everything that proves an event below a trusted head: three links, each an answer of RPC. */
export interface EventProof {
  /** The signed transaction as it was sent: RPC does not give it back whole, so its sender keeps it. */
  readonly transaction: Uint8Array
  /** Of the transaction, of the receipt it became, and of each receipt that one went on in. */
  readonly outcomes: readonly ExecutionProof[]
}

/** Longest way from a transaction to the end of its call: the transaction, a delegate, and six receipts of the call. */
export const MAX_OUTCOMES = 8

const schema: v.GenericSchema<unknown, EventProof> = v.object({
  transaction: bytes,
  outcomes: v.pipe(listOf(executionProofSchema, MAX_OUTCOMES), v.minLength(2)),
})

/**
 * Reads `{ transaction, outcomes }`: base64 of the signed transaction, and results of `EXPERIMENTAL_light_client_proof`
 * of the transaction and of each receipt, all asked for with the same head.
 * @throws DcmlError `near_proof_invalid`, naming the first wrong field
 */
export const parseEventProof = (json: Json): EventProof => readValue(schema, json, 'near_proof_invalid', 'event proof')
