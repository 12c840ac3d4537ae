import { base64Encode } from 'near-api-js'
import * as v from 'valibot'
import { parse } from './answer.ts'
import { type At, blockReference, type Cancellable, type Near } from './connection.ts'

export interface ViewOptions extends Cancellable {
  /** Default `optimistic`, the newest block; `final` cannot be undone. */
  readonly at?: At
}

/** What a view call returned, and the block it looked at. */
export interface Viewed {
  readonly value: Uint8Array
  readonly logs: readonly string[]
  readonly blockHeight: number
  readonly blockHash: string
}

const callResult = v.object({
  result: v.pipe(
    v.array(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255))),
    v.transform((bytes) => Uint8Array.from(bytes)),
  ),
  logs: v.array(v.string()),
  block_height: v.number(),
  block_hash: v.string(),
})

/**
 * Calls a view method. The answer is one node's word; money that depends on it wants a proof or several nodes.
 * @param args the bytes the contract reads as its input
 * @throws DcmlError `near_contract_failed` with the contract's words, and what {@link Near.request} throws
 */
export async function viewContract(
  near: Near,
  call: ViewOptions & { contractId: string; method: string; args: Uint8Array },
): Promise<Viewed> {
  const params = {
    request_type: 'call_function',
    account_id: call.contractId,
    method_name: call.method,
    args_base64: base64Encode(call.args),
    ...blockReference(call.at ?? 'optimistic'),
  }
  const answer = parse(callResult, await near.request('query', params, call), `${call.contractId}.${call.method}`)
  return { value: answer.result, logs: answer.logs, blockHeight: answer.block_height, blockHash: answer.block_hash }
}
