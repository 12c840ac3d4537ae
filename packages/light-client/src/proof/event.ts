import { Checklist, demand, Refusal, type Verdict } from '../check.ts'
import { requireAge } from '../client/fresh.ts'
import type { LightClientState } from '../client/state.ts'
import { decodeSignedTransaction } from '../transaction/codec.ts'
import type { AccountId, CryptoHash } from '../transaction/types.ts'
import { onlyCall, type ProvenCall } from './call.ts'
import { delegatedTo, requireLink, successor } from './chain.ts'
import { EVENT_CHECKS, type EventCheckName } from './event-checks.ts'
import type { EventProof } from './event-proof.ts'
import { type EXECUTION_CHECKS, type ProvenExecution, proveExecution } from './execution.ts'
import { type Nep297Event, parseNep297 } from './nep297.ts'

export interface VerifyEventOptions {
  /** The contract whose word counts. */
  readonly contract: AccountId
  /** Standard and name of the event (NEP-297). */
  readonly standard: string
  readonly event: string
  /** What is trusted; from `advance` or `parseTrustRoot`. */
  readonly state: LightClientState
  /** The time to judge at. */
  readonly now: Date
  /** Oldest head to believe, in ms: an older one hides what happened since. */
  readonly maxHeadAge: number
  /** Oldest event to accept, in ms by its block's time; `'any'` shows in the verdict as a skipped check. */
  readonly maxEventAge: number | 'any'
}

/** What an event proof proves. */
export interface ProvenEvent {
  readonly event: Nep297Event
  readonly call: ProvenCall
  readonly transactionHash: CryptoHash
  /** The receipt that logged the event. */
  readonly receiptId: CryptoHash
  /** The block that carries its outcome root: one after the block that executed it, or a later one. */
  readonly block: ProvenExecution['block']
}

/**
 * Proves that a contract logged an event, and what it was called with: the signed transaction, its outcome, the receipt
 * it became, and each receipt that one went on in up to the end of the call. A delegate action counts as a call of the
 * account that signed it. What became of the event since is not proven: see `maxEventAge`.
 */
export function verifyEvent(proof: EventProof, options: VerifyEventOptions): Verdict<ProvenEvent> {
  const list = new Checklist('event', EVENT_CHECKS)
  try {
    const { state, now, contract } = options
    list.step('head_fresh', () => requireAge(state.head.innerLite, now, options.maxHeadAge, 'the head'))
    const signed = list.step('transaction', () => decodeSignedTransaction(proof.transaction))
    const call = list.step('call', () => onlyCall(signed))
    list.step('contract', () => demand(call.contractId === contract, () => `the call was sent to ${call.contractId}`))
    const receipts = proveChain(proof, { hash: signed.hash, call }, state, list)
    const { receipt, event } = findEvent(receipts, options, list)
    if (options.maxEventAge === 'any') list.waive('event_age', 'Not asked for.')
    else {
      const { maxEventAge } = options
      list.step('event_age', () => requireAge(receipt.block, now, maxEventAge, 'the event'))
    }
    return list.accept({ event, call, transactionHash: signed.hash, receiptId: receipt.id, block: receipt.block })
  } catch (error) {
    return list.refuse(error)
  }
}

type List = Checklist<EventCheckName>

/** @returns the receipts of the call, in order; the receipt that only carried a delegate action is not one of them */
function proveChain(
  { outcomes }: EventProof,
  { hash, call }: { hash: CryptoHash; call: ProvenCall },
  state: LightClientState,
  list: List,
): ProvenExecution[] {
  const head = state.head.innerLite
  const [transaction, ...receipts] = outcomes
  list.step('transaction_link', () =>
    demand(transaction?.id === hash, () => `the first outcome is of ${transaction?.id}, the transaction is ${hash}`),
  )
  proveExecution(transaction!, head, within(list, 'transaction_outcome'))
  list.pass('transaction_outcome')
  let next = list.part('success', () => successor(transaction!))
  const proven: ProvenExecution[] = []
  for (const [i, receipt] of receipts.entries()) {
    list.part('receipt_link', () => requireLink(next, receipt))
    const execution = proveExecution(receipt, head, within(list, 'receipt_outcome'))
    const isDelegate = i === 0 && call.relayerId !== null
    next = list.part('success', () => (isDelegate ? delegatedTo : successor)(receipt))
    if (!isDelegate) proven.push(execution)
  }
  list.part('success', () => {
    demand(proven.length > 0, () => 'the proof ends before the receipt of the call')
    demand(next.ids.length === 0, () => `the call went on in ${next.ids[0]}, whose outcome is missing`)
  })
  list.pass('receipt_link', 'receipt_outcome', 'head_known', 'success')
  list.part('executor', () => {
    const [first] = proven
    demand(first?.outcome.executorId === call.contractId, () => `the call was executed by ${first?.outcome.executorId}`)
  })
  return proven
}

/** The checks of one outcome among those of the event. */
const within = (list: List, outcome: 'transaction_outcome' | 'receipt_outcome') => ({
  step: <T>(name: keyof typeof EXECUTION_CHECKS, run: () => T): T =>
    list.part(name === 'block_root' ? 'head_known' : outcome, run),
})

/**
 * What another contract goes on in was called by that one, with arguments and a deposit of its own: an event from there
 * on is none of the call. Callbacks follow the contract's own receipts at once, whatever they waited for.
 */
function findEvent(
  receipts: readonly ProvenExecution[],
  { contract, standard, event: name }: VerifyEventOptions,
  list: List,
): { receipt: ProvenExecution; event: Nep297Event } {
  const all = receipts.flatMap((receipt) =>
    receipt.outcome.logs.flatMap((log) => {
      const event = parseNep297(log)
      return event?.event === name ? [{ receipt, event }] : []
    }),
  )
  list.step('event', () => demand(all.length > 0, () => `none of its logs is an event ${name}`))
  const left = receipts.find(({ outcome }) => outcome.executorId !== contract)
  const own = all.filter(({ receipt }) => left === undefined || receipts.indexOf(receipt) < receipts.indexOf(left))
  list.step('executor', () =>
    demand(own.length > 0, () => {
      const by = all[0]?.receipt.outcome.executorId
      return `the event was logged by ${by}${by === contract ? `, on behalf of ${left?.outcome.executorId}` : ''}`
    }),
  )
  const standards = own.filter(({ event }) => event.standard === standard)
  list.step('standard', () =>
    demand(standards.length > 0, () => `the event is of the standard ${own[0]?.event.standard.slice(0, 64)}`),
  )
  return list.step('single', () => {
    const [found] = standards
    if (found === undefined || standards.length > 1) throw new Refusal(`it was logged ${standards.length} times`)
    return found
  })
}
