import { DcmlError } from '@dcml/protocol'
import {
  type Action,
  base64Decode,
  base64Encode,
  baseDecode,
  baseEncode,
  createTransaction,
  encodeTransaction,
  type TxExecutionStatus,
} from 'near-api-js'
import { InvalidNonceError } from 'near-api-js/rpc-errors'
import * as v from 'valibot'
import type { NearAccount } from './account.ts'
import { parse } from './answer.ts'
import type { Attempt, Cancellable, Near } from './connection.ts'
import { nearError } from './errors.ts'
import { type NearEvent, parseEvents } from './event.ts'
import { sleep } from './sleep.ts'

/** How far a transaction must have come before the answer. */
export type WaitUntil = Exclude<TxExecutionStatus, 'NONE' | 'INCLUDED' | 'INCLUDED_FINAL'>

export interface SendOptions extends Cancellable {
  readonly account: NearAccount
  readonly receiverId: string
  /** near-api-js's `actions.transfer(…)`, `actions.functionCall(…)` and so on. */
  readonly actions: readonly Action[]
  /** Default `EXECUTED_OPTIMISTIC`; `FINAL` cannot be undone by a fork. */
  readonly waitUntil?: WaitUntil
  /**
   * Sees the transaction before any node does, and is waited for: whoever must not pay twice after a crash stores it
   * here. Called again, with another hash, for the one that takes its place where its nonce was taken.
   */
  readonly onSigned?: (signed: SignedBytes) => void | Promise<void>
}

/** What a transaction did. */
export interface TransactionOutcome {
  readonly hash: string
  readonly signerId: string
  /** What the call returned; empty for a transfer. */
  readonly value: Uint8Array
  /** Of all receipts, in order. */
  readonly logs: readonly string[]
  /** NEP-297 events among the logs, with the account that logged each. */
  readonly events: readonly NearEvent[]
  /** Receipts that failed although the transaction as a whole did not: a lost refund, a callback that gave up. */
  readonly failures: readonly { readonly receiptId: string; readonly accountId: string; readonly error: unknown }[]
  readonly gasBurnt: bigint
}

/** A transaction as signed. */
export interface SignedBytes {
  readonly hash: string
  /** Keep them where the call is to be proven later: nodes do not give them back. */
  readonly transaction: Uint8Array
}

/** What a transaction did, with the bytes that were sent. */
export interface Sent extends TransactionOutcome, SignedBytes {}

const outcome = v.object({
  id: v.string(),
  block_hash: v.string(),
  outcome: v.object({
    executor_id: v.string(),
    gas_burnt: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    logs: v.array(v.string()),
    status: v.union([v.record(v.string(), v.unknown()), v.literal('Unknown')]),
  }),
})
const executed = v.object({
  status: v.union([
    v.object({ SuccessValue: v.pipe(v.string(), v.base64()) }),
    v.object({ Failure: v.record(v.string(), v.unknown()) }),
    v.picklist(['NotStarted', 'Started']),
  ]),
  transaction_outcome: outcome,
  receipts_outcome: v.array(outcome),
})

/**
 * Signs and sends one transaction, at most once. After a lost answer the same signed bytes are offered again, which
 * NEAR takes as the same transaction; a new nonce is signed only where the very first offer was refused for its nonce by
 * a node that has not heard of the transaction, so that none holds an earlier copy. One transaction of a key is under way at a time; use several keys to send in parallel.
 * @throws DcmlError `near_transaction_refused` (nothing happened), `near_transaction_failed` (it ran and failed; gas
 * is spent), `near_outcome_unknown` (no node says: look it up by the hash in `details` before sending again),
 * and what {@link Near.request} throws before anything was sent
 */
export async function sendTransaction(near: Near, options: SendOptions): Promise<Sent> {
  const { account, waitUntil = 'EXECUTED_OPTIMISTIC' } = options
  const key = (await account.signer.getPublicKey()).toString()
  const name = `${near.networkId} ${account.accountId} ${key}`
  return inTurn(name, async () => {
    for (let turn = 1; turn <= TURNS; turn++) {
      const signed = await sign(near, options, key, name)
      await options.onSigned?.({ hash: signed.hash, transaction: signed.transaction })
      const answer = await deliver(near, signed, waitUntil, options)
      if (answer !== 'superseded') return { ...readSent(answer, signed), transaction: signed.transaction }
      await sleep(50 * turn, options.signal)
    }
    throw new DcmlError('near_transaction_refused', `The nonce of ${key} was taken ${TURNS} times in a row.`, {
      hint: 'Nothing was sent. Others use the same key: give each process its own. Or the node is behind: name another.',
      retryable: true,
    })
  })
}

/** Nonces to try before leaving the key to others. */
const TURNS = 8

/**
 * Looks a transaction up by its hash.
 * @throws DcmlError `near_transaction_unknown`, `near_transaction_failed`
 */
export async function transactionOutcome(
  near: Near,
  options: Cancellable & { hash: string; signerId: string; waitUntil?: WaitUntil },
): Promise<TransactionOutcome> {
  const { hash, signerId, waitUntil = 'EXECUTED_OPTIMISTIC' } = options
  const params = { tx_hash: hash, sender_account_id: signerId, wait_until: waitUntil }
  return readOutcome(await near.request('tx', params, options), hash)
}

interface Signed extends SignedBytes {
  readonly signerId: string
}

/** Of `view_access_key`. */
export const keyState = v.object({
  nonce: v.pipe(
    v.union([v.pipe(v.number(), v.safeInteger()), v.pipe(v.string(), v.digits())]),
    v.transform((nonce) => BigInt(nonce)),
  ),
  block_hash: v.string(),
})

/**
 * The highest nonce this process signed with each key. A node that lags would tell the one before: two equal payments
 * over one nonce and block are one transaction, and the second would be told as done.
 */
const nonces = new Map<string, bigint>()

/** Transactions of one key that a node may lag behind: farther back is another chain of that name, or a reverted one. */
const LAG = 1000n

async function sign(near: Near, options: SendOptions, publicKey: string, name: string): Promise<Signed> {
  const { accountId, signer } = options.account
  const query = {
    request_type: 'view_access_key',
    account_id: accountId,
    public_key: publicKey,
    finality: 'optimistic',
  }
  const key = parse(keyState, await near.request('query', query, options), 'view_access_key')
  const used = nonces.get(name) ?? 0n
  const lags = used > key.nonce && used - key.nonce <= LAG
  const nonce = (lags ? used : key.nonce) + 1n
  nonces.set(name, nonce)
  const transaction = createTransaction(
    accountId,
    await signer.getPublicKey(),
    options.receiverId,
    nonce,
    [...options.actions],
    baseDecode(key.block_hash),
  )
  const { txHash, signedTransaction } = await signer.signTransaction(transaction)
  return { hash: baseEncode(txHash), signerId: accountId, transaction: encodeTransaction(signedTransaction) }
}

/** Refused before it ran, by a node that keeps no copy of it. */
const refusals = new Set([
  'near_transaction_refused',
  'near_account_unknown',
  'near_key_unknown',
  'near_request_invalid',
])

/** @returns RPC's outcome, or `superseded` if another transaction had used the nonce before anyone heard of this one */
async function deliver(near: Near, signed: Signed, waitUntil: string, options: Cancellable): Promise<unknown> {
  const named = { tx_hash: signed.hash, sender_account_id: signed.signerId }
  let lost: unknown
  try {
    for await (const attempt of near.attempts(options)) {
      try {
        return await attempt('send_tx', { signed_tx_base64: base64Encode(signed.transaction), wait_until: waitUntil })
      } catch (cause) {
        const error = nearError(cause, 'send_tx')
        if (lost === undefined && refusals.has(error.code)) {
          if (!(error.cause instanceof InvalidNonceError)) throw error
          if (await isUnknown(attempt, named)) return 'superseded'
        }
        lost ??= error
        // an earlier copy may be the one that used the nonce
        if (!error.retryable) return await attempt('tx', { ...named, wait_until: waitUntil })
      }
    }
  } catch (error) {
    if (lost === undefined && !hasCode(error, 'near_cancelled')) throw error
    lost ??= error
  }
  throw outcomeUnknown(signed, lost)
}

/** A gateway may have offered it twice: then the copy that it heard of first is the one that used the nonce. */
async function isUnknown(attempt: Attempt, named: Record<string, string>): Promise<boolean> {
  try {
    await attempt('tx', { ...named, wait_until: 'NONE' })
    return false
  } catch (error) {
    return hasCode(error, 'near_transaction_unknown')
  }
}

const hasCode = (error: unknown, code: string): boolean => DcmlError.isInstance(error) && error.code === code

const outcomeUnknown = ({ hash, signerId }: Signed, cause: unknown): DcmlError =>
  new DcmlError('near_outcome_unknown', `No node says what became of transaction ${hash}.`, {
    hint: 'It may still happen: look it up with transactionOutcome before sending it again.',
    details: { hash, signerId },
    cause,
  })

/** An answer that cannot be read says no more than none: the transaction may have happened. */
function readSent(answer: unknown, signed: Signed): TransactionOutcome {
  try {
    return readOutcome(answer, signed.hash)
  } catch (error) {
    throw hasCode(error, 'near_answer_invalid') ? outcomeUnknown(signed, error) : error
  }
}

function readOutcome(answer: unknown, hash: string): TransactionOutcome {
  const asked = v.object({
    ...executed.entries,
    transaction: v.object({ hash: v.literal(hash), signer_id: v.string() }),
  })
  const { status, transaction, transaction_outcome, receipts_outcome } = parse(asked, answer, `transaction ${hash}`)
  const signerId = transaction.signer_id
  const all = [transaction_outcome, ...receipts_outcome]
  if (typeof status === 'string')
    throw new DcmlError('near_outcome_unknown', `Transaction ${hash} has not run to its end yet.`, {
      hint: 'Look it up again with transactionOutcome.',
      retryable: true,
      details: { hash, signerId },
    })
  if ('Failure' in status)
    throw new DcmlError('near_transaction_failed', `Transaction ${hash} failed: ${describeFailure(status.Failure)}`, {
      hint: 'It ran and was undone; the gas is spent. The contract’s own words are in the message.',
      details: { hash, signerId },
      cause: status.Failure,
    })
  return {
    hash,
    signerId,
    value: base64Decode(status.SuccessValue),
    logs: all.flatMap((item) => item.outcome.logs),
    events: all.flatMap((item) => parseEvents(item.outcome.executor_id, item.outcome.logs)),
    failures: receipts_outcome.flatMap(({ id, outcome: { executor_id, status } }) =>
      typeof status === 'object' && 'Failure' in status
        ? [{ receiptId: id, accountId: executor_id, error: status.Failure }]
        : [],
    ),
    gasBurnt: all.reduce((sum, item) => sum + BigInt(item.outcome.gas_burnt), 0n),
  }
}

/** A contract's panic text where there is one, else NEAR's JSON. */
function describeFailure(failure: Record<string, unknown>): string {
  const text = JSON.stringify(failure)
  const panic = /"ExecutionError":"((?:[^"\\]|\\.)*)"/.exec(text)
  return panic === null ? text : JSON.parse(`"${panic[1]}"`)
}

const queue = new Map<string, Promise<unknown>>()

/** One at a time per key: two transactions signed over the same nonce would push each other out. */
function inTurn<T>(key: string, act: () => Promise<T>): Promise<T> {
  const turn = (queue.get(key) ?? Promise.resolve()).then(act, act)
  queue.set(key, turn)
  const leave = () => {
    if (queue.get(key) === turn) queue.delete(key)
  }
  turn.then(leave, leave)
  return turn
}
