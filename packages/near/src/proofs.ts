import {
  advance,
  type CryptoHash,
  decodeSignedTransaction,
  type LightClientState,
  MAX_OUTCOMES,
  type Outcome,
  parseExecutionProof,
  parseLightClientBlock,
  type SignedTransaction,
} from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import { base64Encode } from 'near-api-js'
import * as v from 'valibot'
import { parse } from './answer.ts'
import type { Cancellable, Near } from './connection.ts'
import { sleep } from './sleep.ts'

export interface ProveOptions extends Cancellable {
  /** The signed transaction as it was sent (`Sent.transaction`): no node gives it back whole. */
  readonly transaction: Uint8Array
  /** Where the verifier stands; its own state, or the trust root it starts from. */
  readonly state: LightClientState
  /** Milliseconds to wait for the transaction and its block to become provable. Default 60,000. */
  readonly patienceMs?: number
}

/** What a verifier without a network needs, as plain JSON: it trusts nothing of it before it has checked it. */
export interface ProofBundle {
  /** Results of `next_light_client_block`, oldest first, from the verifier's head to {@link state}: for `advance`. */
  readonly blocks: readonly unknown[]
  /** For `parseEventProof`: the transaction in base64, and the outcomes of it and of its receipts under the last block. */
  readonly proof: { readonly transaction: string; readonly outcomes: readonly unknown[] }
  /** Where the verifier will stand; every block was verified here too. */
  readonly state: LightClientState
}

/**
 * Asks any node for everything that proves a call: the light client blocks up to its newest final one, and the proofs of
 * the transaction and of each receipt it went on in.
 * @throws DcmlError `near_not_provable` when patience ends, `near_call_too_long`, `block_…` for a block that does not verify, and what
 * {@link Near.request} throws
 */
export async function fetchProof(near: Near, options: ProveOptions): Promise<ProofBundle> {
  const { transaction } = options
  const signed = decodeSignedTransaction(transaction)
  const { found, ...reached } = await whenProvable(near, `Transaction ${signed.hash}`, options, (head) =>
    proveChain(near, signed, head, options),
  )
  return { ...reached, proof: { transaction: base64Encode(transaction), outcomes: found } }
}

/**
 * Follows the chain until a node can prove something below its newest provable block.
 * @throws DcmlError `near_not_provable` when patience ends, and all else that `prove` throws
 */
export async function whenProvable<T>(
  near: Near,
  what: string,
  options: Pick<ProveOptions, 'state' | 'patienceMs' | 'signal'>,
  prove: (head: CryptoHash) => Promise<T>,
): Promise<{ found: T; blocks: unknown[]; state: LightClientState }> {
  const { patienceMs = 60_000, signal } = options
  const blocks: unknown[] = []
  let state = options.state
  const deadline = performance.now() + patienceMs
  for (;;) {
    state = await followHead(near, state, blocks, options)
    try {
      return { found: await prove(state.headHash), blocks, state }
    } catch (error) {
      if (!DcmlError.isInstance(error) || !notYet.has(error.code)) throw error
      if (performance.now() > deadline)
        throw new DcmlError('near_not_provable', `${what} could not be proven within ${patienceMs} ms.`, {
          hint: 'Ask again later: its blocks are not final yet, or the node is behind.',
          retryable: true,
          cause: error,
        })
    }
    await sleep(250, signal)
  }
}

const notYet = new Set(['near_transaction_unknown', 'near_not_final', 'near_block_unknown', 'near_not_run'])

/**
 * Takes a light client to the node's newest provable block, over every epoch between. Verifies each step.
 * @param blocks gets the raw answers, for a verifier elsewhere
 * @throws DcmlError `block_…`, naming the check that failed
 */
export async function followHead(
  near: Near,
  start: LightClientState,
  blocks: unknown[] = [],
  options: Cancellable = {},
): Promise<LightClientState> {
  let state = start
  for (;;) {
    const answer = await near.request('next_light_client_block', { last_block_hash: state.headHash }, options)
    // the node has nothing newer
    if (answer === null || (typeof answer === 'object' && Object.keys(answer).length === 0)) return state
    const verdict = await advance(state, parseLightClientBlock(answer))
    if (!verdict.ok) throw verdict.error
    blocks.push(answer)
    state = verdict.state
  }
}

/** Outcomes and receipts are missing until there are any. */
const executed = v.object({
  receipts_outcome: v.optional(v.array(v.object({ id: v.string() })), []),
  receipts: v.optional(
    v.array(v.object({ receipt_id: v.string(), receiver_id: v.string(), predecessor_id: v.string() })),
    [],
  ),
})

/** The proofs along the call: the transaction, then each receipt that the one before went on in. */
async function proveChain(
  near: Near,
  { hash, transaction }: SignedTransaction,
  head: CryptoHash,
  options: Cancellable,
): Promise<unknown[]> {
  const { signerId, actions } = transaction
  // not FINAL: a node that waits gives up, long before the patience of the caller may end
  const status = { tx_hash: hash, sender_account_id: signerId, wait_until: 'NONE' }
  const answer = await near.request('EXPERIMENTAL_tx_status', status, options)
  const { receipts, receipts_outcome } = parse(executed, answer, 'EXPERIMENTAL_tx_status')
  const prove = async (request: Record<string, string>): Promise<{ json: unknown; outcome: Outcome }> => {
    const json = await near.request('EXPERIMENTAL_light_client_proof', { ...request, light_client_head: head }, options)
    return { json, outcome: parseExecutionProof(json).outcome }
  }
  const links = [await prove({ type: 'transaction', transaction_hash: hash, sender_id: signerId })]
  for (;;) {
    const { status, receiptIds } = links.at(-1)!.outcome
    // a delegate action returns nothing and sends one receipt besides refunds, which come from `system`
    const isDelegate = links.length === 2 && actions[0]?.type.startsWith('Delegate')
    const next = receipts.find(({ receipt_id, predecessor_id }) =>
      isDelegate
        ? receiptIds.includes(receipt_id) && predecessor_id !== 'system'
        : status.type === 'SuccessReceiptId' && receipt_id === status.receiptId,
    )
    if (next === undefined && status.type !== 'SuccessReceiptId') return links.map(({ json }) => json)
    if (next === undefined || !receipts_outcome.some(({ id }) => id === next.receipt_id))
      throw new DcmlError('near_not_run', `Transaction ${hash} has not run to its end yet.`, {
        hint: 'Ask again later.',
      })
    if (links.length === MAX_OUTCOMES)
      throw new DcmlError('near_call_too_long', `Transaction ${hash} went on in more receipts than a proof may have.`, {
        hint: `A call is proven through at most ${MAX_OUTCOMES - 1} receipts. Let the contract log its event in a shorter one.`,
      })
    links.push(await prove({ type: 'receipt', receipt_id: next.receipt_id, receiver_id: next.receiver_id }))
  }
}
