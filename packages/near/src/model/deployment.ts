import type { Check } from '@dcml/protocol'
import { base64Encode, baseDecode } from 'near-api-js'
import * as v from 'valibot'
import type { Cancellable, Near } from '../connection.ts'
import { model } from './model.client.ts'

const NAME = 'history'
const done = v.looseObject({ SuccessValue: v.string() })
const outcome = v.looseObject({ outcome: v.looseObject({ status: v.looseObject({}) }) })
const answer = v.looseObject({
  status: done,
  transaction: v.looseObject({ receiver_id: v.string(), actions: v.array(v.unknown()) }),
  receipts_outcome: v.array(outcome),
})
const opening = v.looseObject({ FunctionCall: v.looseObject({ method_name: v.literal('open') }) })

/**
 * Whether one transaction made the account, gave it the code of this version and opened it, with nothing else before,
 * between or after. The code alone does not say so: an account could have run other code first, and left channels in its
 * state that nobody ever deposited for. Ask it together with `checkModelContract`, whose `immutable` says that nothing
 * can have changed since. One node's word.
 * @param hash of the deployment, as its owner published it
 * @returns `history`
 * @throws DcmlError `near_transaction_unknown` at a node that has forgotten it, and what {@link Near.request} throws
 */
export async function checkDeployment(
  near: Near,
  contract: string,
  hash: string,
  options: Cancellable = {},
): Promise<Check> {
  // an account is made by the one above it
  const sender_account_id = contract.slice(contract.indexOf('.') + 1)
  const request = { tx_hash: hash, sender_account_id, wait_until: 'FINAL' }
  const found = v.safeParse(answer, await near.request('tx', request, options))
  const fail = (why: string): Check => ({ name: NAME, status: 'fail', why })
  if (!found.success) return fail(`transaction ${hash} did not succeed`)
  const { transaction, receipts_outcome } = found.output
  if (transaction.receiver_id !== contract) return fail(`transaction ${hash} was about ${transaction.receiver_id}`)
  if (receipts_outcome.some(({ outcome: { status } }) => 'Failure' in status))
    return fail(`a part of transaction ${hash} failed`)
  const [create, transfer, use, open, ...more] = transaction.actions
  // the generator writes it
  const hashOfOurs = model(near, contract).abi.metadata.wasm_hash!
  // RPC shows of an own copy nothing but its hash
  const ours = [
    { UseGlobalContract: { code_hash: hashOfOurs } },
    { DeployContract: { code: base64Encode(baseDecode(hashOfOurs)) } },
  ].map((action) => JSON.stringify(action))
  const isOpening =
    create === 'CreateAccount' &&
    v.is(v.strictObject({ Transfer: v.looseObject({}) }), transfer) &&
    ours.includes(JSON.stringify(use)) &&
    v.is(opening, open) &&
    more.length === 0
  if (!isOpening) return fail(`transaction ${hash} did something else than make the account and open it with this code`)
  return { name: NAME, status: 'pass', why: `made and opened by transaction ${hash} alone` }
}
